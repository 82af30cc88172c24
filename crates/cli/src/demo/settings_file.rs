//! `slackwater.toml` of a demo, with what it names: so that every other command works on the lab.

use conductor::DataDirectory;

use super::lab_releases::{ALL, NEW_BACKUP, NEW_ROLE, RELEASES_IN_ORDER};
use crate::files::{self, FileError};

/// The settings.
pub(super) const FILE: &str = "slackwater.toml";
/// What is what in the lab's stack.
pub(super) const PROFILE: &str = "lab-profile.toml";
/// What Slackwater shows to the lab.
pub(super) const TOKEN: &str = "admin-token";
/// The catalogue of the lab's releases.
pub(super) const CATALOGUE: &str = "releases.toml";
/// The folder with every template of the lab.
pub(super) const RELEASES: &str = "releases";
/// The lab's own data.
pub(super) const DATA: &str = "lab";
/// The bucket that templates are read from.
pub(super) const BUCKET: &str = "lab-templates";
/// The lab's stack.
pub(super) const STACK: &str = "lab";
/// Its backup stack.
pub(super) const BACKUP_STACK: &str = "lab-backup";
/// The stack of its deployment role.
pub(super) const ROLE_STACK: &str = "lab-role";

/// What differs from demo to demo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Where the local cloud is.
    pub endpoint_url: &'a str,
    /// Where Slackwater and the workers come in.
    pub internal_url: &'a str,
    /// What users are told at the closed gate.
    pub message: &'a str,
    /// What follows when the new release isn't healthy: `ask` or `go-back`.
    pub on_failure: &'static str,
    /// What Slackwater shows to the lab.
    pub token: &'a str,
}

/// Write the settings, and the files that they name.
pub(super) fn write(directory: &DataDirectory, wanted: &Wanted<'_>) -> Result<(), FileError> {
    let put = |name: &str, text: &str| files::write_private(&directory.join(name), text.as_bytes());
    put(TOKEN, wanted.token)?;
    put(
        PROFILE,
        "# What is what in the lab's stack, where its template alone doesn't tell: two listeners and two groups.\n\
         name = \"lab\"\n\
         listeners = [\"PublicListener\"]\n\
         target_groups = [\"PublicTargetGroup\"]\n\
         worker_groups = [\"WorkerGroup\"]\n",
    )?;
    let releases = directory.join(RELEASES);
    std::fs::create_dir_all(&releases).map_err(FileError::unwritable(&releases))?;
    for template in ALL {
        put(&format!("{RELEASES}/{}", template.name), template.text)?;
    }
    put(CATALOGUE, &catalogue())?;
    put(FILE, &settings(wanted))
}

/// The releases that there are, oldest first.
fn catalogue() -> String {
    let mut text = "# The lab's releases.\n".to_owned();
    for release in RELEASES_IN_ORDER {
        let least =
            release.from_at_least.map(|least| format!("from_at_least = \"{least}\"\n")).unwrap_or_default();
        text.push_str(&format!(
            "\n[[release]]\nversion = \"{}\"\ntemplate = \"{RELEASES}/{}\"\n{least}notes = \"{}\"\n",
            release.version, release.template.name, release.notes
        ));
    }
    text
}

/// Short grace, notice and proof: nobody is at work but the demo.
fn settings(wanted: &Wanted<'_>) -> String {
    let Wanted { endpoint_url, internal_url, message, on_failure, token: _ } = wanted;
    format!(
        "# The lab of `slackwater demo`. In another shell, while it runs: . aws.env && slackwater check --to …\n\
         [deployments.lab]\n\
         stack = \"{STACK}\"\n\
         region = \"us-east-1\"\n\
         endpoint_url = \"{endpoint_url}\"\n\
         profile = \"{PROFILE}\"\n\
         template_bucket = \"{BUCKET}\"\n\
         backup_stack = {{ stack = \"{BACKUP_STACK}\", template = \"{RELEASES}/{}\" }}\n\
         role_stack = {{ stack = \"{ROLE_STACK}\", template = \"{RELEASES}/{}\" }}\n\
         # The internal listener, which isn't behind the gate.\n\
         doors = {{ InternalListener = \"not-for-users: the platform's own API, and what proves it healthy\" }}\n\
         platform = {{ adapter = \"http\", url = \"{internal_url}\", token_file = \"{TOKEN}\" }}\n\
         release = {{ catalogue = \"{CATALOGUE}\" }}\n\
         \n\
         [deployments.lab.maintenance]\n\
         notice = \"2s\"\n\
         message = \"{message}\"\n\
         \n\
         [deployments.lab.health]\n\
         quiet = \"2s\"\n\
         deadline = \"15s\"\n\
         on_failure = \"{on_failure}\"\n\
         http = [{{ name = \"web service\", url = \"{internal_url}/healthz\" }}]\n",
        NEW_BACKUP.name, NEW_ROLE.name,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::{Configuration, parse_catalogue, parse_profile};

    #[test]
    fn the_settings_are_good_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = DataDirectory::take(folder.path()).expect("taken");
        let wanted = Wanted {
            endpoint_url: "http://127.0.0.1:4580",
            internal_url: "http://127.0.0.1:8801",
            message: "Back soon.",
            on_failure: "go-back",
            token: "t0ken-of-the-test",
        };
        write(&directory, &wanted).expect("written");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
        let settings = read(FILE);
        assert!(!settings.contains("t0ken"), "a token stands in no settings");
        let configuration =
            Configuration::parse(FILE, &settings).unwrap_or_else(|problems| panic!("{problems}"));
        let lab = configuration.deployment(None).expect("the only one");
        assert_eq!(lab.maintenance.message.as_deref(), Some("Back soon."));
        assert_eq!(parse_profile(PROFILE, &read(PROFILE)).expect("a profile").name, "lab");
        assert!(read(&format!("{RELEASES}/{}", NEW_BACKUP.name)).contains("1.1.0"));
        assert_eq!(lab.catalogue.as_deref(), Some(CATALOGUE));
        let catalogue = parse_catalogue(CATALOGUE, &read(CATALOGUE)).expect("a catalogue");
        let versions: Vec<&str> = catalogue.releases.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(versions, ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]);
        for release in &catalogue.releases {
            assert!(read(&release.template).contains(&format!("Version: {}\n", release.version)));
        }
    }
}
