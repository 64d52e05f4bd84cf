//! Opening a shop's file: plain or compressed, UTF-8, UTF-16 with a mark, or Big5.
//!
//! The file is looked through once before it is read: for its digest, which names the import, and for its encoding. Only a buffer of it
//! is ever in memory.

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::Path;

use clap::ValueEnum;
use encoding_rs::{BIG5, CoderResult, Decoder, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

const BUFFER_BYTES: usize = 128 * 1024;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// How the file writes its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// UTF-8 or, where the file is not, Big5; UTF-16 where it says so
    Auto,
    /// UTF-8, with or without a byte order mark
    #[value(name = "utf-8")]
    Utf8,
    /// Big5, as older tills in Taiwan and Hong Kong write it
    Big5,
    /// UTF-16 with a byte order mark, as spreadsheets write it
    #[value(name = "utf-16")]
    Utf16,
}

/// What a first look through the file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// SHA-256 of the file as it lies on disk.
    pub digest: [u8; 32],
    /// Never `Auto`.
    pub encoding: Encoding,
    /// Lines in it: about as many where a character takes two bytes.
    pub lines: u64,
}

/// Looks through a file once.
pub fn survey(path: &Path, asked: Encoding) -> io::Result<Survey> {
    let mut hash = Hashing { inner: File::open(path)?, hash: Sha256::new() };
    let (found, lines) = {
        let mut plain = LineEnds::of(plain(&mut hash)?);
        (look(&mut plain)?, plain.lines())
    };
    let encoding = if asked == Encoding::Auto { found } else { asked };
    // What lies behind the last compressed frame belongs to the digest too.
    io::copy(&mut hash, &mut io::sink())?;
    Ok(Survey { digest: hash.hash.finalize().into(), encoding, lines })
}

/// The file's text as UTF-8. Bytes that the encoding does not know come out as U+FFFD; those of a file in UTF-8 are left as they are.
pub fn text(path: &Path, encoding: Encoding) -> io::Result<Box<dyn Read + Send>> {
    let plain = plain(File::open(path)?)?;
    Ok(match encoding {
        Encoding::Auto | Encoding::Utf8 => plain,
        Encoding::Big5 => Box::new(Transcoding::new(plain, BIG5.new_decoder())),
        Encoding::Utf16 => Box::new(Transcoding::new(plain, UTF_16LE.new_decoder())),
    })
}

fn plain<'r>(mut file: impl Read + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
    let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
    file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    let (zstd, gzip) = (start == ZSTD_MAGIC, start.starts_with(&GZIP_MAGIC));
    let whole = BufReader::with_capacity(BUFFER_BYTES, io::Cursor::new(start).chain(file));
    if zstd {
        return Ok(Box::new(zstd::Decoder::with_buffer(whole)?));
    }
    // Files that were packed in pieces and put together are one file.
    if gzip { Ok(Box::new(MultiGzDecoder::new(whole))) } else { Ok(Box::new(whole)) }
}

fn look(text: &mut impl Read) -> io::Result<Encoding> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut tail = 0;
    let mut first = true;
    let mut utf8 = true;
    loop {
        let read = text.read(&mut buffer[tail..])?;
        let filled = tail + read;
        if first && [UTF_16LE, UTF_16BE].into_iter().any(|wide| starts_wide(&buffer[..filled], wide)) {
            io::copy(text, &mut io::sink())?;
            return Ok(Encoding::Utf16);
        }
        first = false;
        if read == 0 {
            return Ok(if utf8 && tail == 0 { Encoding::Utf8 } else { Encoding::Big5 });
        }
        tail = 0;
        if let Err(error) = std::str::from_utf8(&buffer[..filled]).map(|_| ()) {
            if error.error_len().is_some() {
                utf8 = false;
            } else {
                buffer.copy_within(error.valid_up_to()..filled, 0);
                tail = filled - error.valid_up_to();
            }
        }
        if !utf8 {
            io::copy(text, &mut io::sink())?;
            return Ok(Encoding::Big5);
        }
    }
}

fn starts_wide(bytes: &[u8], wide: &'static encoding_rs::Encoding) -> bool {
    encoding_rs::Encoding::for_bom(bytes).is_some_and(|(found, _)| found == wide && found != UTF_8)
}

/// Passes bytes on and adds them to a digest.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

/// Passes bytes on and counts the lines among them, whatever they hold.
#[derive(Debug)]
pub struct LineEnds<R> {
    inner: R,
    ended: u64,
    last: u8,
}

impl<R> LineEnds<R> {
    /// Of a text.
    pub const fn of(inner: R) -> Self {
        Self { inner, ended: 0, last: b'\n' }
    }

    /// Lines so far; the last one need not end.
    pub const fn lines(&self) -> u64 {
        if self.last == b'\n' { self.ended } else { self.ended + 1 }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for byte in buffer[..read].iter().copied() {
            // A return with a feed behind it is one end; what comes behind a lone return is another line.
            self.ended += u64::from(byte == b'\n' || (self.last == b'\r'));
            self.last = byte;
        }
        Ok(read)
    }
}

/// Passes another encoding on as UTF-8.
struct Transcoding<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_filled: usize,
    text: Vec<u8>,
    text_at: usize,
    ended: bool,
}

impl<R: Read> Transcoding<R> {
    fn new(inner: R, decoder: Decoder) -> Self {
        Self {
            inner,
            decoder,
            raw: vec![0; BUFFER_BYTES],
            raw_at: 0,
            raw_filled: 0,
            text: Vec::with_capacity(BUFFER_BYTES),
            text_at: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.resize(BUFFER_BYTES, 0);
        self.text_at = 0;
        let mut written = 0;
        while written == 0 && !self.ended {
            let mut last = false;
            if self.raw_at == self.raw_filled {
                self.raw_filled = self.inner.read(&mut self.raw)?;
                self.raw_at = 0;
                last = self.raw_filled == 0;
            }
            let raw = &self.raw[self.raw_at..self.raw_filled];
            let (result, read, wrote, _) = self.decoder.decode_to_utf8(raw, &mut self.text, last);
            self.raw_at += read;
            written = wrote;
            self.ended = last && result == CoderResult::InputEmpty;
        }
        self.text.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Transcoding<R> {
    fn read(&mut self, mut buffer: &mut [u8]) -> io::Result<usize> {
        if self.text_at == self.text.len() && !self.ended {
            self.refill()?;
        }
        let read = buffer.write(&self.text[self.text_at..])?;
        self.text_at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Kept(PathBuf);

    impl Kept {
        fn of(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("rapport-opening-{}-{name}", std::process::id()));
            std::fs::write(&path, bytes).expect("the temporary folder can be written");
            Self(path)
        }

        fn read(&self) -> (Encoding, String) {
            let encoding = survey(&self.0, Encoding::Auto).expect("the file is there").encoding;
            let mut found = String::new();
            text(&self.0, encoding).and_then(|mut text| text.read_to_string(&mut found)).expect("readable");
            (encoding, found)
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    const LINE: &str = "發票,商品\nAB12345678,高山烏龍茶\n";

    #[test]
    fn utf8_is_known_across_buffers() {
        let long = LINE.repeat(9_000);
        let (encoding, found) = Kept::of("utf8", long.as_bytes()).read();
        assert_eq!((encoding, found == long), (Encoding::Utf8, true));
    }

    #[test]
    fn big5_is_known_and_read_across_buffers() {
        let long = LINE.repeat(9_000);
        let (bytes, _, lossy) = BIG5.encode(&long);
        assert!(!lossy);
        let (encoding, found) = Kept::of("big5", &bytes).read();
        assert_eq!((encoding, found == long), (Encoding::Big5, true));
    }

    #[test]
    fn big5_far_behind_plain_ascii_is_known_too() {
        let mut bytes = b"a,b\n".repeat(100_000);
        bytes.extend_from_slice(&BIG5.encode("高山").0);
        assert_eq!(Kept::of("late", &bytes).read().0, Encoding::Big5);
    }

    #[test]
    fn utf16_with_a_mark_is_read() {
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(LINE.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(Kept::of("utf16", &bytes).read(), (Encoding::Utf16, LINE.to_owned()));
    }

    #[test]
    fn compressed_files_are_known_by_their_first_bytes() {
        let plain = Kept::of("plain", LINE.as_bytes());
        let zstd = Kept::of("zstd", &zstd::encode_all(LINE.as_bytes(), 3).expect("packs"));
        let gzip = Kept::of("gzip", &gzipped(LINE));
        for packed in [&zstd, &gzip] {
            assert_eq!(packed.read(), (Encoding::Utf8, LINE.to_owned()));
            assert_eq!(survey(&packed.0, Encoding::Auto).expect("there").lines, 2);
        }
        let packed = zstd;
        let digest = |kept: &Kept| survey(&kept.0, Encoding::Auto).expect("there").digest;
        assert_ne!(digest(&packed), digest(&plain), "the digest is of the file as it lies there");
        assert_eq!(digest(&plain), <[u8; 32]>::from(Sha256::digest(LINE)));
    }

    #[test]
    fn gzip_in_pieces_is_one_file_and_a_torn_one_is_none() {
        let (first, second) = LINE.split_at(LINE.find('A').expect("an invoice"));
        let whole = [gzipped(first), gzipped(second)].concat();
        assert_eq!(Kept::of("pieces", &whole).read().1, LINE);
        let torn = Kept::of("torn", &whole[..whole.len() - 9]);
        assert!(survey(&torn.0, Encoding::Auto).is_err());
    }

    fn gzipped(text: &str) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).and_then(|()| packer.finish()).expect("packs")
    }

    #[test]
    fn lines_are_counted_by_their_ends() {
        for (text, lines) in [("", 0), ("a", 1), ("a\n", 1), ("a\r\nb", 2), ("a\rb\r", 2), ("a\n\r\n\rb\n", 4)] {
            for at_once in 1..4 {
                let mut counting = LineEnds::of(text.as_bytes());
                let mut buffer = vec![0; at_once];
                while counting.read(&mut buffer).expect("it is in memory") > 0 {}
                assert_eq!(counting.lines(), lines, "{text:?}");
            }
        }
    }

    #[test]
    fn an_empty_file_is_empty() {
        assert_eq!(Kept::of("empty", b"").read(), (Encoding::Utf8, String::new()));
    }
}
