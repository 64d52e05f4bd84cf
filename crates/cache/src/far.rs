//! The level in Redis, which all replicas share.
//!
//! A value is `<position, 19 digits><1><value>`, a tombstone `<position, 19 digits><0>`; the epoch is part of the key.
//! A script replaces what is there only by something whose first twenty characters are greater: digits, because Redis
//! compares texts by its locale, and digits sort alike in all of them. At one position a value outdoes a tombstone.
//! Nothing here may fail a caller: whatever goes wrong is as if Redis knew nothing.
//!
//! Cost: a look and an offer are one round trip each, and what changed is said in one round trip for every 256 keys,
//! one after the other: a burst of changes must not be what makes Redis seem slow.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, RedisError, RedisResult, Script};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::Version;
use crate::breaker::Breaker;

/// How Redis is used.
#[derive(Clone, Debug)]
pub struct FarSettings {
    /// `redis://…`
    pub url: String,
    /// What all keys begin with; installations that share a Redis choose different ones.
    pub prefix: String,
    /// How long one call may take.
    pub time_limit: Duration,
    /// How long Redis is left alone after failures.
    pub rest: Duration,
    /// How long a value is kept.
    pub lifetime: Duration,
}

impl FarSettings {
    /// 50 ms a call, half a second of rest, values kept for ten minutes.
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: prefix.into(),
            time_limit: Duration::from_millis(50),
            rest: Duration::from_millis(500),
            lifetime: Duration::from_secs(600),
        }
    }
}

/// The URL is none that Redis could be reached by. That nobody answers there is no error.
#[derive(Debug)]
pub struct NoRedis(RedisError);

impl std::fmt::Display for NoRedis {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the URL of Redis cannot be used; it should read redis://host:port")
    }
}

impl std::error::Error for NoRedis {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// A way to Redis. Clones share one connection.
#[derive(Clone)]
pub struct Far {
    connection: ConnectionManager,
    breaker: Arc<Breaker>,
    replace: Arc<Script>,
    offers: Arc<Semaphore>,
    settings: Arc<FarSettings>,
}

impl std::fmt::Debug for Far {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Far")
    }
}

/// Longer than any reading of the truth whose result would still be kept.
const TOMBSTONE: Duration = Duration::from_secs(60);

/// Keys in one call of the script: far less than a call's time limit, even where a core is slow and shared.
const KEYS: usize = 256;
/// Offers under way at once. One more is not made: whoever misses the value reads the truth, as the first one did.
const OFFERS: usize = 64;

/// Keys, then what to write under each, then for how long in milliseconds.
const REPLACE: &str = "
for place, key in ipairs(KEYS) do
  local there = redis.call('GETRANGE', key, 0, 19)
  if there < string.sub(ARGV[place], 1, 20) then
    redis.call('SET', key, ARGV[place], 'PX', ARGV[#KEYS + 1])
  end
end
return #KEYS";

impl Far {
    /// Prepares the way; the connection is made at the first call, and again whenever it broke. Must be called inside
    /// a tokio runtime.
    pub fn prepare(settings: FarSettings) -> Result<Self, NoRedis> {
        let client = redis::Client::open(settings.url.as_str()).map_err(NoRedis)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(settings.time_limit))
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(NoRedis)?;
        Ok(Self {
            connection,
            breaker: Arc::new(Breaker::new(settings.rest)),
            replace: Arc::new(Script::new(REPLACE)),
            offers: Arc::new(Semaphore::new(OFFERS)),
            settings: Arc::new(settings),
        })
    }

    /// What Redis holds under a key of the present epoch.
    pub(crate) async fn get(&self, cache: &str, epoch: Uuid, key: &impl std::fmt::Display) -> Option<(Version, Bytes)> {
        let name = self.name(cache, epoch, key);
        let mut connection = self.connection.clone();
        let held: Option<Vec<u8>> = self.attempt(async move { connection.get(name).await }).await?;
        let (position, value) = read(held?)?;
        Some((Version { epoch, position }, value?))
    }

    /// Offers a value, unless much is offered already; kept where it is newer than what is there.
    pub(crate) async fn put(&self, cache: &str, version: Version, key: &impl std::fmt::Display, value: &[u8]) {
        let Ok(_offer) = self.offers.try_acquire() else { return };
        let offer = (self.name(cache, version.epoch, key), written(version.position, Some(value)));
        self.replace(&[offer], self.settings.lifetime).await;
    }

    /// Says of each key that everything before its version is no longer true.
    pub(crate) async fn bury<'a, K: std::fmt::Display + 'a>(
        &self,
        cache: &str,
        changes: impl Iterator<Item = (Version, &'a K)>,
    ) {
        let tombstones: Vec<(String, Vec<u8>)> = changes
            .map(|(version, key)| (self.name(cache, version.epoch, key), written(version.position, None)))
            .collect();
        for some in tombstones.chunks(KEYS) {
            self.replace(some, TOMBSTONE).await;
        }
    }

    async fn replace(&self, offered: &[(String, Vec<u8>)], lifetime: Duration) {
        let mut invocation = self.replace.prepare_invoke();
        for (name, _) in offered {
            invocation.key(name);
        }
        for (_, text) in offered {
            invocation.arg(text);
        }
        invocation.arg(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        let mut connection = self.connection.clone();
        let heard: Option<i64> = self.attempt(async move { invocation.invoke_async(&mut connection).await }).await;
        tracing::trace!(?heard, "offered to redis");
    }

    async fn attempt<T>(&self, call: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let begun = self.breaker.begin()?;
        match tokio::time::timeout(self.settings.time_limit, call).await {
            Ok(Ok(answer)) => {
                self.breaker.succeeded(begun);
                Some(answer)
            }
            Ok(Err(error)) => {
                self.breaker.failed(begun, &error);
                None
            }
            Err(late) => {
                self.breaker.failed(begun, &late);
                None
            }
        }
    }

    fn name(&self, cache: &str, epoch: Uuid, key: &impl std::fmt::Display) -> String {
        format!("{}:{cache}:{}:{key}", self.settings.prefix, epoch.simple())
    }
}

const MARK: usize = 20;

fn written(position: i64, value: Option<&[u8]>) -> Vec<u8> {
    let mut text = format!("{:019}{}", position.max(0), u8::from(value.is_some())).into_bytes();
    text.extend_from_slice(value.unwrap_or_default());
    text
}

/// Position, and the value unless it is a tombstone; nothing where somebody else wrote there.
fn read(held: Vec<u8>) -> Option<(i64, Option<Bytes>)> {
    let position = std::str::from_utf8(held.get(..MARK - 1)?).ok()?.parse().ok()?;
    let buried = held.get(MARK - 1)? == &b'0';
    Some((position, (!buried).then(|| Bytes::from(held).slice(MARK..))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(written(42, Some(b"wen"))), Some((42, Some(Bytes::from_static(b"wen")))));
        assert_eq!(read(written(i64::MAX, None)), Some((i64::MAX, None)));
        assert_eq!(read(written(0, Some(b""))), Some((0, Some(Bytes::new()))));
    }

    #[test]
    fn somebody_elses_bytes_are_nothing() {
        for bytes in [&b""[..], b"wen", b"000000000000000004x1wen", &[0xff; 40]] {
            assert_eq!(read(bytes.to_vec()), None);
        }
    }

    #[test]
    fn marks_sort_by_position_and_a_value_outdoes_a_tombstone() {
        let order = [written(9, None), written(9, Some(b"x")), written(10, None), written(i64::MAX, None)];
        assert!(order.windows(2).all(|pair| pair[0][..MARK] < pair[1][..MARK]));
    }
}
