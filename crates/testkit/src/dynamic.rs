//! Calls by path, with messages that are known only by their description.

use std::sync::LazyLock;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use proto::Method;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use crate::Spoken;

/// Everything the contract describes.
pub static CONTRACT: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the build has made the descriptor set")
});

/// The description of a message, by its full name.
///
/// # Panics
/// Where there is none of this name.
#[must_use]
pub fn described(name: &str) -> MessageDescriptor {
    CONTRACT.get_message_by_name(name).unwrap_or_else(|| panic!("the contract has no message {name}"))
}

/// A message in which nothing is set.
#[must_use]
pub fn empty(name: &str) -> DynamicMessage {
    DynamicMessage::new(described(name))
}

/// A generated message by its description.
///
/// # Panics
/// Where the contract does not describe it.
pub fn by_description<M: prost::Message + prost::Name>(message: &M) -> DynamicMessage {
    read(&M::full_name(), &message.encode_to_vec())
}

/// Reads an encoded message.
///
/// # Panics
/// Where the bytes are none.
#[must_use]
pub fn read(name: &str, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(described(name), bytes).unwrap_or_else(|error| panic!("that is no {name}: {error}"))
}

/// Makes calls by path.
#[derive(Clone, Debug)]
pub struct Dynamic {
    channel: Spoken,
}

impl Dynamic {
    /// Over this channel.
    #[must_use]
    pub const fn new(channel: Spoken) -> Self {
        Self { channel }
    }

    /// Says one message and answers the first one that comes back, whether the rpc streams or not.
    ///
    /// # Errors
    /// The call's status.
    ///
    /// # Panics
    /// Where the answer is not what the contract says.
    pub async fn call(&self, method: &Method, message: DynamicMessage) -> Result<DynamicMessage, Status> {
        let answer = self.call_raw(method, message.encode_to_vec().into()).await?;
        Ok(read(method.output, &answer))
    }

    /// The same with any bytes, whether they are a message or not.
    ///
    /// # Errors
    /// The call's status.
    pub async fn call_raw(&self, method: &Method, bytes: Bytes) -> Result<Bytes, Status> {
        // Limits are the server's to keep.
        let mut grpc = Grpc::new(self.channel.clone()).max_encoding_message_size(usize::MAX);
        grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        let path = PathAndQuery::from_static(method.path);
        let said = tokio_stream::once(bytes.clone());
        let mut stream = match (method.client_streaming, method.server_streaming) {
            (false, false) => return Ok(grpc.unary(Request::new(bytes), path, Raw).await?.into_inner()),
            (true, false) => return Ok(grpc.client_streaming(Request::new(said), path, Raw).await?.into_inner()),
            (false, true) => grpc.server_streaming(Request::new(bytes), path, Raw).await?.into_inner(),
            (true, true) => grpc.streaming(Request::new(said), path, Raw).await?.into_inner(),
        };
        Ok(stream.message().await?.unwrap_or_default())
    }
}

/// Bytes as they are.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(item.len());
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
