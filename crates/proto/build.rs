//! Compiles `proto/` without a system `protoc`, and refuses to build while an rpc declares no scope.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("rapport.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("methods.rs"), method_table(&compiler.descriptor_pool())?)?;

    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .btree_map(".")
        .include_file("rapport.rs")
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn method_table(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut rows = Vec::new();
    for service in pool.services() {
        for method in service.methods() {
            rows.push((format!("/{}/{}", service.full_name(), method.name()), scope_of(pool, &method)?, method));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));

    let mut table = format!("static METHODS: [Method; {}] = [\n", rows.len());
    for (path, scope, method) in rows {
        writeln!(
            table,
            "    Method {{ path: {path:?}, scope: {scope:?}, mutating: {}, client_streaming: {}, server_streaming: {}, input: {:?}, output: {:?} }},",
            changes_something(&method),
            method.is_client_streaming(),
            method.is_server_streaming(),
            method.input().full_name(),
            method.output().full_name(),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

fn scope_of(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<String, Box<dyn Error>> {
    let option =
        pool.get_extension_by_name("rapport.common.v1.scope").ok_or("rapport/common/v1/scope.proto is missing")?;
    match method.options().get_extension(&option).as_ref() {
        Value::String(scope) if !scope.is_empty() => Ok(scope.clone()),
        _ => Err(format!("{} declares no rapport.common.v1.scope", method.full_name()).into()),
    }
}

/// A method changes something when its request, or each item of its request, carries a request id.
fn changes_something(method: &MethodDescriptor) -> bool {
    let input = method.input();
    input.get_field_by_name("request_id").is_some()
        || input.fields().any(|field| {
            field.is_list()
                && field.kind().as_message().is_some_and(|item| item.get_field_by_name("request_id").is_some())
        })
}
