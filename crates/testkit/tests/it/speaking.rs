//! What a speaker says is heard as if the service had said it, exactly once and in order.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventlog::{CannotApply, Consumer, Heard, Listener, Listening, Progress};
use kernel::{MemberId, TenantId};
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::registry::events::v1::MemberUpdated;
use server::{Behalf, Services};
use store::Store;
use testkit::{Database, House, Speaker, clock_at, house_tables, tokens, until};

struct Notebook {
    store: Store,
    clock: kernel::Clock,
    heard: Mutex<Vec<String>>,
}

#[async_trait]
impl Listener for Notebook {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let place = heard.place();
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<store::Tenants>(), place.shards).await?;
        heard.settle(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        for event in &heard.events {
            let said = event.payload::<MemberUpdated>().expect("its type")?;
            self.heard.lock().expect("whole").extend(said.fields);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_listener_hears_a_speaker() {
    let clock = clock_at("2011-12-01T00:00:00Z");
    let database = Database::for_suite(&[("registry", house_tables()), ("activity", house_tables())]).await;
    let (house, speaker) = (House::new(), Speaker::open(&database, "registry", clock.clone()).await);
    let store = database.store("activity").await;
    let notebook = Arc::new(Notebook { store: store.clone(), clock: clock.clone(), heard: Mutex::default() });
    let producer = EventLogServiceClient::new(
        house
            .peers(&["registry"])
            .reach("registry", Behalf::of_process("activity").needing(server::auth::WATCH_SCOPE))
            .expect("in process"),
    );
    let listening = Listening { source: "registry", producer: Arc::new(producer), listener: notebook.clone() };
    let progress = Progress::new("activity", &["registry"]);
    let consumer = Consumer::new(store, clock.clone(), progress.clone(), vec![listening]);
    let logs = house.event_logs([speaker.log()], [consumer.clone()]);
    let served = house.serve(Services::new().with(logs));
    let running = tokio::spawn(consumer.run(served.stopping()));

    let (tenant, member) = (TenantId::new_at(clock.now()), MemberId::new_at(clock.now()));
    let mut token = None;
    for number in 0..20 {
        let said = MemberUpdated { member: member.to_string(), fields: vec![number.to_string()], ..Default::default() };
        token = Some(speaker.say(tenant, member, &said).await);
    }
    progress.wait_for(&token.expect("said")).await.expect("there is a path");
    until("all is heard", || async { notebook.heard.lock().expect("whole").len() >= 20 }).await;
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(*notebook.heard.lock().expect("whole"), expected);

    tokens::refused_everywhere(&served, Some(tenant)).await;
    served.stop().await;
    running.await.expect("it ends with the house");
}
