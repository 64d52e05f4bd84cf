//! The rows of members. One statement a table, however many rows.

use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use serde_json::Value;
use sqlx::types::Json;
use store::{Head, Reading, SqlTimestamp, StoreError, Tx};
use uuid::Uuid;
use wire::Direction;

use super::birthday::Birthday;
use super::identity::Identity;
use super::record::{Consent, Member, Profile, State};
use super::{Page, PageOfBirthdays};

struct Row {
    member: Uuid,
    name: String,
    birth_year: Option<i16>,
    birth_month: Option<i16>,
    birth_day: Option<i16>,
    gender: String,
    language: String,
    attributes: Value,
    tags: Vec<String>,
    identities: Value,
    consents: Value,
    acquisition_source: String,
    touchpoint: String,
    state: String,
    state_at: SqlTimestamp,
    joined_at: SqlTimestamp,
    updated_at: SqlTimestamp,
    version: i64,
}

impl TryFrom<Row> for Member {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: MemberId::from(row.member),
            profile: Profile {
                name: row.name,
                birthday: birthday(row.birth_year, row.birth_month, row.birth_day)?,
                gender: row.gender,
                language: row.language,
                touchpoint: row.touchpoint,
                attributes: json(row.attributes)?,
            },
            identities: json(row.identities)?,
            tags: row.tags.into_iter().collect(),
            consents: json(row.consents)?,
            acquisition_source: row.acquisition_source,
            state: State::parse(&row.state).ok_or_else(|| StoreError::unreadable("a member's state"))?,
            state_at: row.state_at.into(),
            joined_at: row.joined_at.into(),
            updated_at: row.updated_at.into(),
            version: row.version,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(StoreError::unreadable)
}

fn birthday(year: Option<i16>, month: Option<i16>, day: Option<i16>) -> Result<Option<Birthday>, StoreError> {
    month
        .zip(day)
        .map(|(month, day)| {
            let part = |number: i16| i8::try_from(number).map_err(StoreError::unreadable);
            Ok(Birthday { year, month: part(month)?, day: part(day)? })
        })
        .transpose()
}

/// Where the shards of some members stand, with their records, in one snapshot; in no particular order.
pub(super) async fn read(
    reading: &mut Reading,
    tenant: TenantId,
    members: &[MemberId],
) -> Result<Vec<(MemberId, Head, Option<Member>)>, StoreError> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.uuid()).collect();
    let shards: Vec<i16> = members.iter().map(|member| Shard::of_member(*member).number()).collect();
    let rows = sqlx::query!(
        r#"SELECT asked.member AS "asked!", head.epoch, head.position,
                  member.name AS "name?", birth_year, birth_month, birth_day, gender AS "gender?", language AS "language?",
                  attributes AS "attributes?", tags AS "tags?", identities AS "identities?", consents AS "consents?",
                  acquisition_source AS "acquisition_source?", touchpoint AS "touchpoint?", state AS "state?",
                  state_at AS "state_at?", joined_at AS "joined_at?", updated_at AS "updated_at?", version AS "version?"
           FROM unnest($2::uuid[], $3::smallint[]) AS asked (member, shard)
           JOIN head ON head.shard = asked.shard
           LEFT JOIN LATERAL (
               SELECT * FROM member AS there
               WHERE there.tenant = $1 AND there.shard = asked.shard AND there.member = asked.member LIMIT 1
           ) AS member ON true"#,
        tenant.uuid(),
        &ids,
        &shards,
    )
    .fetch_all(reading.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let head = Head { epoch: row.epoch, position: row.position };
            let there = (|| {
                Some(Row {
                    member: row.asked,
                    name: row.name?,
                    birth_year: row.birth_year,
                    birth_month: row.birth_month,
                    birth_day: row.birth_day,
                    gender: row.gender?,
                    language: row.language?,
                    attributes: row.attributes?,
                    tags: row.tags?,
                    identities: row.identities?,
                    consents: row.consents?,
                    acquisition_source: row.acquisition_source?,
                    touchpoint: row.touchpoint?,
                    state: row.state?,
                    state_at: row.state_at?,
                    joined_at: row.joined_at?,
                    updated_at: row.updated_at?,
                    version: row.version?,
                })
            })();
            Ok((MemberId::from(row.asked), head, there.map(Member::try_from).transpose()?))
        })
        .collect()
}

/// A record, inside a transaction that holds the member's shard.
pub(super) async fn find(tx: &mut Tx, tenant: TenantId, member: MemberId) -> Result<Option<Member>, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT member, name, birth_year, birth_month, birth_day, gender, language, attributes, tags, identities, consents,
                acquisition_source, touchpoint, state, state_at, joined_at, updated_at, version
         FROM member WHERE tenant = $1 AND shard = $2 AND member = $3",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
    )
    .fetch_optional(tx.connection())
    .await?
    .map(Member::try_from)
    .transpose()
}

/// A page of records. Each direction is a statement of its own, so that both go along the index.
pub(super) async fn page(reading: &mut Reading, tenant: TenantId, page: &Page) -> Result<Vec<Member>, StoreError> {
    let joined_at = page.after.map(|(at, _)| SqlTimestamp::from(at));
    let member = page.after.map_or(Uuid::nil(), |(_, member)| member.uuid());
    let (tag, source) = (page.filter.tag.as_deref(), page.filter.acquisition_source.as_deref());
    let rows = match page.order {
        Direction::Ascending => {
            sqlx::query_as!(
            Row,
            "SELECT member, name, birth_year, birth_month, birth_day, gender, language, attributes, tags, identities,
                        consents, acquisition_source, touchpoint, state, state_at, joined_at, updated_at, version
                 FROM member
                 WHERE tenant = $1 AND (joined_at, member) > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
                   AND ($4::text IS NULL OR tags @> ARRAY[$4])
                   AND ($5::text IS NULL OR acquisition_source = $5)
                   AND ($6::text IS NULL OR state = $6)
                 ORDER BY joined_at, member LIMIT $7",
            tenant.uuid(),
            joined_at as Option<SqlTimestamp>,
            member,
            tag,
            source,
            page.filter.state.map(State::word),
            page.limit,
        )
            .fetch_all(reading.connection())
            .await?
        }
        Direction::Descending => {
            sqlx::query_as!(
            Row,
            "SELECT member, name, birth_year, birth_month, birth_day, gender, language, attributes, tags, identities,
                        consents, acquisition_source, touchpoint, state, state_at, joined_at, updated_at, version
                 FROM member
                 WHERE tenant = $1 AND (joined_at, member) < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
                   AND ($4::text IS NULL OR tags @> ARRAY[$4])
                   AND ($5::text IS NULL OR acquisition_source = $5)
                   AND ($6::text IS NULL OR state = $6)
                 ORDER BY joined_at DESC, member DESC LIMIT $7",
            tenant.uuid(),
            joined_at as Option<SqlTimestamp>,
            member,
            tag,
            source,
            page.filter.state.map(State::word),
            page.limit,
        )
            .fetch_all(reading.connection())
            .await?
        }
    };
    rows.into_iter().map(Member::try_from).collect()
}

/// A page of those whose birthday is on a day of the year, by their id.
pub(super) async fn birthdays(
    reading: &mut Reading,
    tenant: TenantId,
    page: &PageOfBirthdays,
) -> Result<Vec<(MemberId, Timestamp)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT member, joined_at FROM member
         WHERE tenant = $1 AND birth_month = $2 AND birth_day = $3 AND member > $4 AND state = 'enrolled'
           AND updated_at >= coalesce($5::timestamptz, '-infinity')
         ORDER BY member LIMIT $6",
        tenant.uuid(),
        i16::from(page.on.month),
        i16::from(page.on.day),
        page.after.map_or(Uuid::nil(), MemberId::uuid),
        page.changed_since.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        page.limit,
    )
    .fetch_all(reading.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.member.into(), row.joined_at.into())).collect())
}

/// Writes new records.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    members: &[Member],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let each = |part: fn(&Member) -> Value| members.iter().map(part).collect::<Vec<Value>>();
    let text = |part: fn(&Member) -> &str| members.iter().map(part).collect::<Vec<&str>>();
    let born = |part: fn(&Birthday) -> Option<i16>| -> Vec<Option<i16>> {
        members.iter().map(|member| member.profile.birthday.as_ref().and_then(part)).collect()
    };
    let ids: Vec<Uuid> = members.iter().map(|member| member.id.uuid()).collect();
    let shards: Vec<i16> = members.iter().map(|member| Shard::of_member(member.id).number()).collect();
    let joined: Vec<SqlTimestamp> = members.iter().map(|member| member.joined_at.into()).collect();
    sqlx::query!(
        "INSERT INTO member (tenant, shard, member, name, birth_year, birth_month, birth_day, gender, language, attributes,
                             tags, identities, consents, acquisition_source, touchpoint, state, state_at, joined_at,
                             recorded_at, updated_at, version)
         SELECT $1, shard, member, name, birth_year, birth_month, birth_day, gender, language, attributes,
                ARRAY(SELECT jsonb_array_elements_text(tags)), identities, consents, acquisition_source, touchpoint,
                'enrolled', joined_at, joined_at, $16, $16, 1
         FROM unnest($2::smallint[], $3::uuid[], $4::text[], $5::smallint[], $6::smallint[], $7::smallint[], $8::text[],
                     $9::text[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::jsonb[], $14::text[], $15::text[],
                     $17::timestamptz[])
              AS row (shard, member, name, birth_year, birth_month, birth_day, gender, language, attributes, tags,
                      identities, consents, acquisition_source, touchpoint, joined_at)",
        tenant.uuid(),
        &shards,
        &ids,
        &text(|member| &member.profile.name) as _,
        &born(|birthday| birthday.year) as _,
        &born(|birthday| Some(birthday.month.into())) as _,
        &born(|birthday| Some(birthday.day.into())) as _,
        &text(|member| &member.profile.gender) as _,
        &text(|member| &member.profile.language) as _,
        &each(|member| serde_json::json!(member.profile.attributes)),
        &each(|member| serde_json::json!(member.tags)),
        &each(|member| serde_json::json!(member.identities)),
        &each(|member| serde_json::json!(member.consents)),
        &text(|member| &member.acquisition_source) as _,
        &text(|member| &member.profile.touchpoint) as _,
        SqlTimestamp::from(recorded_at) as _,
        &joined as _,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Writes a changed record over the old one.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, member: &Member) -> Result<(), StoreError> {
    let birthday = member.profile.birthday;
    let tags: Vec<&str> = member.tags.iter().map(String::as_str).collect();
    sqlx::query!(
        "UPDATE member SET name = $4, birth_year = $5, birth_month = $6, birth_day = $7, gender = $8, language = $9,
                           attributes = $10, tags = $11, identities = $12, consents = $13, touchpoint = $14,
                           updated_at = $15, version = $16
         WHERE tenant = $1 AND shard = $2 AND member = $3",
        tenant.uuid(),
        Shard::of_member(member.id).number(),
        member.id.uuid(),
        member.profile.name,
        birthday.and_then(|birthday| birthday.year),
        birthday.map(|birthday| i16::from(birthday.month)),
        birthday.map(|birthday| i16::from(birthday.day)),
        member.profile.gender,
        member.profile.language,
        Json(&member.profile.attributes) as _,
        &tags as _,
        Json(&member.identities) as Json<&Vec<Identity>>,
        Json(&member.consents) as Json<&Vec<Consent>>,
        member.profile.touchpoint,
        SqlTimestamp::from(member.updated_at) as _,
        member.version,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Writes down for ever what members said, each at the version of the record it made.
pub(super) async fn keep_words(
    tx: &mut Tx,
    tenant: TenantId,
    said: &[(MemberId, i64, &Consent)],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    if said.is_empty() {
        return Ok(());
    }
    let shards: Vec<i16> = said.iter().map(|(member, ..)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = said.iter().map(|(member, ..)| member.uuid()).collect();
    let versions: Vec<i64> = said.iter().map(|(_, version, _)| *version).collect();
    let purposes: Vec<&str> = said.iter().map(|(.., word)| word.purpose.as_str()).collect();
    let granted: Vec<bool> = said.iter().map(|(.., word)| word.granted).collect();
    let sources: Vec<&str> = said.iter().map(|(.., word)| word.source.as_str()).collect();
    let said_at: Vec<SqlTimestamp> = said.iter().map(|(.., word)| word.said_at.into()).collect();
    sqlx::query!(
        "INSERT INTO consent (tenant, shard, member, version, purpose, granted, source, said_at, recorded_at)
         SELECT $1, unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::bigint[]), unnest($5::text[]),
                unnest($6::bool[]), unnest($7::text[]), unnest($8::timestamptz[]), $9",
        tenant.uuid(),
        &shards,
        &members,
        &versions,
        &purposes as _,
        &granted,
        &sources as _,
        &said_at as _,
        SqlTimestamp::from(recorded_at) as _,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
