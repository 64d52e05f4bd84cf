//! The private servers of this repository, by what they are for.

use std::path::Path;

use backing::Stopped;
use backing::postgres::{self, Durability, Postgres};
use backing::redis::{self, Redis};

use crate::run::{Failure, Outcome, tell};

/// The demo shop's database: kept until `up --fresh`.
pub(crate) const POSTGRES: &str = ".rapport/pg";
/// The demo shop's cache.
pub(crate) const REDIS: &str = ".rapport/redis";
const TEST_POSTGRES: &str = ".rapport/test/pg";
const TEST_REDIS: &str = ".rapport/test/redis";

/// Servers that are thrown away with everything in them.
pub(crate) struct ThrowAway {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Option<Redis>,
}

impl ThrowAway {
    /// Starts PostgreSQL, and Redis if asked. A run that is going on in another terminal shares its servers with us.
    pub(crate) fn start(with_redis: bool) -> Result<Self, Failure> {
        discard_unless_used()?;
        let postgres = postgres::private_telling(Path::new(TEST_POSTGRES), Durability::Thrown, &tell)?;
        let redis = if with_redis { redis_or_none(TEST_REDIS) } else { None };
        Ok(Self { postgres, redis })
    }

    /// Stops and removes them, unless another run still uses them.
    pub(crate) fn throw_away(self) -> Outcome {
        let redis = self.redis.map_or(Ok(Stopped::NotRunning), Redis::stop)?;
        let postgres = self.postgres.stop()?;
        if postgres == Stopped::StillUsed || redis == Stopped::StillUsed {
            tell("test servers", "still used by another run, which will stop them");
        }
        discard_unless_used()
    }
}

/// A private Redis; where there is none, says so and goes on without.
pub(crate) fn redis_or_none(folder: &str) -> Option<Redis> {
    match redis::private_telling(Path::new(folder), &tell) {
        Ok(redis) => Some(redis),
        Err(trouble) => {
            tell("Redis", &format!("none, so the in-process cache works alone. {trouble}"));
            None
        }
    }
}

/// Stops whatever earlier runs left running, such as those that were killed.
pub(crate) fn stop_all() -> Outcome {
    for folder in [POSTGRES, TEST_POSTGRES] {
        tell(folder, in_words(postgres::stop(Path::new(folder))?));
    }
    for folder in [REDIS, TEST_REDIS] {
        tell(folder, in_words(redis::stop(Path::new(folder))?));
    }
    Ok(())
}

fn in_words(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Stopped => "stopped; what it keeps stays",
        Stopped::NotRunning => "was not running",
        Stopped::StillUsed => "in use by another process, which will stop it",
    }
}

fn discard_unless_used() -> Outcome {
    postgres::discard(Path::new(TEST_POSTGRES))?;
    redis::discard(Path::new(TEST_REDIS))?;
    Ok(())
}
