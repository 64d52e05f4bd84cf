//! What can go wrong between a service and its database, sorted by what the caller can do about it.

/// Why a statement or a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was in the way (40001, 40P01): the same work may be tried again at once.
    #[error("the transaction has to be tried again")]
    Retry(#[source] sqlx::Error),
    /// A law of the schema was broken. Rules decide before the database does, so this is a defect of ours.
    #[error("the law {name} was broken")]
    Constraint {
        /// The constraint's name.
        name: String,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// No connection in time, or the server is away: try again later with the same request id.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The commit was sent and no answer came: it may or may not have happened. The request log knows.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// Another reader moved a cursor first; what this one did is undone.
    #[error("another reader was first")]
    CursorMoved,
    /// A batch was presumed to be new and was not: it is worked off again, looking. No caller hears of it.
    #[error("something of it was done before")]
    Presumed,
    /// The writer takes no more for now.
    #[error("the queue of the writer is full")]
    Full,
    /// The process is stopping.
    #[error("the service is stopping")]
    Stopping,
    /// A row does not mean what it should.
    #[error("the database holds something unreadable: {0}")]
    Unreadable(String),
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
}

impl StoreError {
    /// True where the same work may succeed when it is simply done again.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Retry(_) | Self::Unavailable(_) | Self::OutcomeUnknown(_) => true,
            Self::Constraint { .. }
            | Self::CursorMoved
            | Self::Presumed
            | Self::Full
            | Self::Stopping
            | Self::Unreadable(_)
            | Self::Failed(_) => false,
        }
    }

    /// True where the same work is worth doing again at once, while its caller waits. Where no connection came in all the
    /// time the pool gave it, the next attempt would wait as long: the caller is told instead, and comes again.
    pub fn may_retry_at_once(&self) -> bool {
        self.may_retry() && !matches!(self, Self::Unavailable(sqlx::Error::PoolTimedOut))
    }

    /// True where the database answered, and what it holds is to blame: asking again changes nothing.
    pub fn is_about_what_is_there(&self) -> bool {
        self.may_be_one_requests()
    }

    /// True where one request of a batch may be to blame, and its neighbours alone would succeed.
    pub(crate) fn may_be_one_requests(&self) -> bool {
        match self {
            Self::Constraint { .. } | Self::Unreadable(_) | Self::Failed(_) => true,
            Self::Retry(_)
            | Self::Unavailable(_)
            | Self::OutcomeUnknown(_)
            | Self::CursorMoved
            | Self::Presumed
            | Self::Full
            | Self::Stopping => false,
        }
    }

    /// The same news for another whose work it was too.
    pub(crate) fn told_again(&self) -> Self {
        let said = |error: &sqlx::Error| sqlx::Error::Protocol(error.to_string());
        match self {
            Self::Retry(error) => Self::Retry(said(error)),
            Self::Constraint { name, source } => Self::Constraint { name: name.clone(), source: said(source) },
            Self::Unavailable(error) => Self::Unavailable(said(error)),
            Self::OutcomeUnknown(error) => Self::OutcomeUnknown(said(error)),
            Self::CursorMoved => Self::CursorMoved,
            Self::Presumed => Self::Presumed,
            Self::Full => Self::Full,
            Self::Stopping => Self::Stopping,
            Self::Unreadable(what) => Self::Unreadable(what.clone()),
            Self::Failed(error) => Self::Failed(said(error)),
        }
    }

    /// A row that does not mean what it should.
    pub fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unreadable(what.to_string())
    }

    /// The name of the broken law, where one was.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { name, .. } => Some(name),
            Self::Retry(_)
            | Self::Unavailable(_)
            | Self::OutcomeUnknown(_)
            | Self::CursorMoved
            | Self::Presumed
            | Self::Full
            | Self::Stopping
            | Self::Unreadable(_)
            | Self::Failed(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(told) = &error {
            let code = told.code().unwrap_or_default().into_owned();
            let constraint = told.constraint().map(str::to_owned);
            return match (code.as_str(), constraint) {
                ("40001" | "40P01", _) => Self::Retry(error),
                // The server is starting, stopping, or has cut the connection.
                ("57P01" | "57P02" | "57P03" | "25P03" | "53300", _) => Self::Unavailable(error),
                (_, Some(name)) => Self::Constraint { name, source: error },
                (_, None) => Self::Failed(error),
            };
        }
        if matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Protocol(_)
        ) {
            return Self::Unavailable(error);
        }
        Self::Failed(error)
    }
}
