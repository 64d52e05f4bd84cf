//! One address for six processes: what a mesh's gateway does, for a client that knows only one.

use std::sync::Arc;

use axum::response::Response;
use http::Request;
use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::operations::v1::operations_service_server::{OperationsService, OperationsServiceServer};
use proto::operations::v1::{GetStatusRequest, GetStatusResponse};
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::{Channel, Server};
use tower::{Service as _, ServiceExt as _};

use crate::Failed;
use crate::suite::{SERVICES, channels};

type Processes = Arc<[Channel]>;

/// Asks all processes how they are, for whoever asks one.
struct All(Processes);

#[tonic::async_trait]
impl OperationsService for All {
    async fn get_status(
        &self,
        call: tonic::Request<GetStatusRequest>,
    ) -> Result<tonic::Response<GetStatusResponse>, Status> {
        let (metadata, extensions, asked) = call.into_parts();
        let mut all = GetStatusResponse::default();
        for process in self.0.iter() {
            let ask = tonic::Request::from_parts(metadata.clone(), extensions.clone(), asked.clone());
            let told = OperationsServiceClient::new(process.clone()).get_status(ask).await?.into_inner();
            all.services.extend(told.services);
            all.version = told.version;
        }
        Ok(tonic::Response::new(all))
    }
}

/// Passes calls on until it is killed.
pub async fn run(listen: &str, addresses: &[&str]) -> Result<(), Failed> {
    let processes: Processes = channels(addresses)?.into();
    let mut routes = Routes::new(OperationsServiceServer::new(All(Arc::clone(&processes))));
    let router = std::mem::take(routes.axum_router_mut());
    *routes.axum_router_mut() = router.fallback(move |request| passed_on(Arc::clone(&processes), request));
    Server::builder().add_routes(routes).serve(listen.parse()?).await?;
    Ok(())
}

/// By the package in the path; what every process answers is answered by registry's.
async fn passed_on(processes: Processes, request: Request<axum::body::Body>) -> Response {
    let package = request.uri().path().split('.').nth(1).unwrap_or_default();
    let place = SERVICES.iter().position(|service| *service == package).unwrap_or_default();
    let mut process = processes[place].clone();
    let passed = match process.ready().await {
        Ok(ready) => ready.call(request.map(Body::new)).await,
        Err(error) => Err(error),
    };
    match passed {
        Ok(answer) => answer.map(axum::body::Body::new),
        Err(error) => Status::unavailable(error.to_string()).into_http::<Body>().map(axum::body::Body::new),
    }
}
