//! `slackwater banner`: the message that users of a platform see, through its own API. AWS isn't asked.

use std::process::ExitCode;

use platform::Adapter;
use upgrade::{Banner, BannerLevel, PlatformAct};

use crate::answers::{self, BannerShown};
use crate::arguments::{BannerCommand, BannerOf, Format};
use crate::error::{CliError, Exit};
use crate::{site, wish};

pub(crate) async fn run(command: BannerCommand) -> Result<ExitCode, CliError> {
    match command {
        BannerCommand::Set(set) => {
            let (name, platform) = platform(&set.of)?;
            let clock = conductor::Clock::system();
            let until = set.until.as_deref().map(|text| wish::when("--until", text, &clock)).transpose()?;
            let until = until.map(crate::words::iso8601);
            let banner = Banner { text: set.text, level: set.level.into(), from: None, until };
            platform.act(&PlatformAct::SetBanner(banner.clone())).await?;
            print(name, Some(banner), set.format);
        }
        BannerCommand::Clear(clear) => {
            let (name, platform) = platform(&clear.of)?;
            platform.act(&PlatformAct::ClearBanner).await?;
            print(name, None, clear.format);
        }
        BannerCommand::Show(show) => {
            let (name, platform) = platform(&show.of)?;
            print(name, platform.banner().await?, show.printed.format);
        }
    }
    Ok(Exit::Done.into())
}

fn print(deployment: String, banner: Option<Banner>, format: Format) {
    match (format, &banner) {
        (Format::Json, _) => {
            answers::print(&BannerShown { deployment, banner: banner.map(panel::answers::Banner::from) });
        }
        (Format::Text, None) => println!("{deployment}: no banner is shown."),
        (Format::Text, Some(banner)) => println!("{deployment}: users see: {}", in_words(banner)),
    }
}

/// The deployment's platform, when it can show banners.
fn platform(of: &BannerOf) -> Result<(String, Adapter), CliError> {
    let configuration = site::configuration(&of.config)?;
    let settings = configuration.deployment(of.deployment.as_deref())?;
    let platform = site::adapter(&settings.platform, configuration.directory())?;
    if !platform.capabilities().banner {
        let (name, adapter) = (&settings.name, settings.platform.adapter.word);
        return Err(CliError::bad_input(format!(
            "{name}: its platform adapter is \"{adapter}\", which shows no banners"
        ))
        .hint(
            "write [deployments.NAME.platform] with adapter = \"http\" (Slackwater's own contract), url and token_env into slackwater.toml; nothing was touched",
        ));
    }
    Ok((settings.name.clone(), platform))
}

/// `"Maintenance at noon" (warning, until 2026-11-25T12:00:00Z)`.
pub(crate) fn in_words(banner: &Banner) -> String {
    let level = match banner.level {
        BannerLevel::Info => "info",
        BannerLevel::Warning => "warning",
        BannerLevel::Critical => "critical",
    };
    let from = banner.from.as_ref().map(|from| format!(", from {from}")).unwrap_or_default();
    let until = banner.until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
    format!("\"{}\" ({level}{from}{until})", banner.text)
}
