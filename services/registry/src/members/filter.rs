//! Which members a list shows, as callers write it: `tag = "vip" AND state = "ENROLLED"`.

/// What a member of the list must be like; nothing where everybody is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Carries this tag.
    pub tag: Option<String>,
    /// Came this way.
    pub acquisition_source: Option<String>,
    /// Belongs, or has left.
    pub state: Option<super::State>,
}

/// The text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// A condition is not `name = "value"`.
    #[error("must be conditions of the form name = \"value\", joined by AND")]
    Form,
    /// Nothing is filtered by that name.
    #[error("knows tag, acquisition_source and state, not \"{0}\"")]
    Unknown(String),
    /// Two conditions about one thing.
    #[error("says {0} twice")]
    Twice(&'static str),
    /// A state that members do not have.
    #[error("state must be \"ENROLLED\" or \"LEFT\"")]
    State,
}

const LONGEST: usize = 500;

impl Filter {
    /// Reads a filter; an empty text lets everybody through.
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        let mut filter = Self::default();
        let mut rest = text.trim();
        if rest.len() > LONGEST {
            return Err(BadFilter::Form);
        }
        while !rest.is_empty() {
            let (name, value, after) = condition(rest)?;
            filter.add(name, value)?;
            rest = match after.trim_start() {
                "" => "",
                more => {
                    let next = more.strip_prefix("AND").filter(|next| next.starts_with(char::is_whitespace));
                    next.map(str::trim_start).filter(|next| !next.is_empty()).ok_or(BadFilter::Form)?
                }
            };
        }
        Ok(filter)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), BadFilter> {
        match name {
            "tag" => once(&mut self.tag, value.to_owned(), "tag"),
            "acquisition_source" => once(&mut self.acquisition_source, value.to_owned(), "acquisition_source"),
            "state" => {
                let state =
                    super::State::parse(&value.to_ascii_lowercase()).filter(|_| !value.contains(char::is_lowercase));
                once(&mut self.state, state.ok_or(BadFilter::State)?, "state")
            }
            other => Err(BadFilter::Unknown(other.chars().take(40).collect())),
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: &'static str) -> Result<(), BadFilter> {
    if place.replace(value).is_some() { Err(BadFilter::Twice(name)) } else { Ok(()) }
}

/// A name, its value, and what follows.
fn condition(text: &str) -> Result<(&str, &str, &str), BadFilter> {
    let (name, rest) = text.split_once('=').ok_or(BadFilter::Form)?;
    let (value, after) =
        rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).ok_or(BadFilter::Form)?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name && !value.contains('\0') { Ok((name, value, after)) } else { Err(BadFilter::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::State;

    #[test]
    fn conditions_are_joined() {
        assert_eq!(Filter::parse(""), Ok(Filter::default()));
        let tag = Filter { tag: Some("vip AND more".to_owned()), ..Filter::default() };
        assert_eq!(Filter::parse("tag = \"vip AND more\""), Ok(tag));
        let all = Filter {
            tag: Some("vip".to_owned()),
            acquisition_source: Some("till".to_owned()),
            state: Some(State::Enrolled),
        };
        assert_eq!(Filter::parse(" state=\"ENROLLED\" AND tag = \"vip\" AND acquisition_source = \"till\" "), Ok(all));
    }

    #[test]
    fn what_is_no_filter_is_told() {
        let table = [
            ("vip", BadFilter::Form),
            ("tag = vip", BadFilter::Form),
            ("tag = \"vip", BadFilter::Form),
            ("tag = \"vip\" OR tag = \"b\"", BadFilter::Form),
            ("tag = \"vip\" AND", BadFilter::Form),
            ("tag = \"vip\" AND ", BadFilter::Form),
            ("tag = \"vip\"AND tag", BadFilter::Form),
            ("tag = \"\0\"", BadFilter::Form),
            ("tag = \"a\" AND tag = \"b\"", BadFilter::Twice("tag")),
            ("name = \"王\"", BadFilter::Unknown("name".to_owned())),
            ("state = \"GONE\"", BadFilter::State),
            ("state = \"enrolled\"", BadFilter::State),
        ];
        for (text, wrong) in table {
            assert_eq!(Filter::parse(text), Err(wrong), "{text}");
        }
    }
}
