//! The program in another process, and what can be known of it from outside.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

/// How long anything may take on a busy machine: looks, and what lies between two.
const LOOKS: u32 = 6000;
const LOOK: Duration = Duration::from_millis(50);

/// A data directory that isn't there yet.
pub fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().canonicalize().expect("it is there").join("data");
    (folder, data)
}

/// The program with these arguments, and nobody at its terminal.
pub fn slackwater(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    command.args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null());
    command.env_remove("SLACKWATER_DATA_DIR").env_remove("SLACKWATER_CONFIG");
    command
}

/// A demo on free ports.
pub fn demo(data: &Path, more: &[&str]) -> Running {
    Running::start(slackwater(&[&["demo", "--port", "0"], more].concat(), data))
}

/// Another command on the demo's lab, as its own `aws.env` says how.
pub fn beside(data: &Path, arguments: &[&str]) -> Running {
    Running::beside(data, slackwater(arguments, data))
}

/// A program that runs; killed with the value.
pub struct Running {
    child: Child,
    told: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Any program on the demo's lab, as the lab's own `aws.env` says how.
    pub fn beside(data: &Path, mut command: Command) -> Running {
        let environment = std::fs::read_to_string(data.join("aws.env")).expect("the demo writes it");
        for line in environment.lines() {
            let pair = line.strip_prefix("export ").and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("NAME=VALUE");
            command.env(name, value);
        }
        Running::start(command)
    }

    fn start(mut command: Command) -> Running {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let told = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let readers = vec![read(out, &told), read(err, &told)];
        Running { child, told, readers }
    }

    /// What it has said so far.
    pub fn told(&self) -> String {
        self.told.lock().expect("unbroken").clone()
    }

    /// Wait until it has said this.
    pub fn says(&mut self, text: &str) {
        for _ in 0..LOOKS {
            // Looked at before what was said: its last words count.
            let ended = self.child.try_wait().expect("its state").is_some();
            if self.told().contains(text) {
                return;
            }
            assert!(!ended, "it ended without saying {text:?}:\n{}", self.told());
            std::thread::sleep(LOOK);
        }
        panic!("waited in vain for {text:?}:\n{}", self.told());
    }

    /// Wait for its end; gives its exit code and all it said. A walk through many things takes longer than any of them.
    pub fn end(mut self) -> (i32, String) {
        let ended = (0..4 * LOOKS).any(|_| {
            let ended = self.child.try_wait().expect("its state").is_some();
            if !ended {
                std::thread::sleep(LOOK);
            }
            ended
        });
        assert!(ended, "waited in vain for its end:\n{}", self.told());
        let status: ExitStatus = self.child.wait().expect("ended");
        for reader in self.readers.drain(..) {
            reader.join().expect("read");
        }
        (status.code().unwrap_or(-1), self.told())
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _reaped_before = self.child.wait();
    }
}

fn read(from: impl std::io::Read + Send + 'static, told: &Arc<Mutex<String>>) -> std::thread::JoinHandle<()> {
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut told = told.lock().expect("unbroken");
            told.push_str(&line);
            told.push('\n');
        }
    })
}

/// Wait for a condition.
pub fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = condition() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited in vain for {what}")
}

/// The users' port, from the demo's settings' neighbour: what it says of its browser address.
pub fn public_port(demo: &mut Running) -> u16 {
    const BEFORE: &str = "Look at it in a browser: http://127.0.0.1:";
    demo.says(BEFORE);
    let told = demo.told();
    let rest = told.split_once(BEFORE).expect("said").1;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a port")
}

/// Where a demo's Admin Panel is, `127.0.0.1:PORT`: what it says of it.
pub fn panel_address(demo: &mut Running) -> String {
    const BEFORE: &str = "Admin Panel: http://";
    // The set-up link comes after it.
    demo.says("/setup/");
    let told = demo.told();
    let rest = told.split_once(BEFORE).expect("said").1;
    rest.split_whitespace().next().expect("an address").to_owned()
}

/// Whether anybody answers there.
pub fn answers(address: &str) -> bool {
    std::net::TcpStream::connect(address).is_ok()
}

/// Process numbers of everything that works below a folder, but for machines' holders, and their command lines.
pub fn processes(folder: &Path) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("Linux").flatten();
    entries
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let works_in = std::fs::read_link(entry.path().join("cwd")).ok()?;
            let command = std::fs::read(entry.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            (works_in.starts_with(folder) && !command.is_empty()).then_some((id, command))
        })
        .collect()
}

/// Every file below a folder, with its text.
pub fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => texts(&path),
            path => {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                vec![(path, text)]
            }
        })
        .collect()
}
