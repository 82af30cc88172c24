//! A rehearsal's pictures: the run in the middle in its course, and how often users are out for how long. SVG that is readable in
//! light and in dark, without a script, a font or an address; and the course for the terminal.

use std::fmt::Write as _;

use super::every_failure::Failures;
use super::summary::End;
use super::told::{Bar, Span, Timeline, Told};
use crate::words::duration;

const WIDTH: u64 = 960;
const LABEL: u64 = 300;
const ROW: u64 = 20;
/// Shorter bars would not be seen.
const LEAST: u64 = 2;
/// More rows than anybody reads: the longest are shown.
const MOST_ROWS: usize = 48;

/// Two palettes; each colour is told apart by its lightness as well.
const STYLE: &str = "<style>\
svg{font:12px system-ui,sans-serif;background:#fff}\
text{fill:#1f2328}.dim{fill:#59636e}.grid{stroke:#d1d9e0}\
.step{fill:#54769f}.resource{fill:#9bb3cf}.critical{fill:#b3541e}.out{fill:#f3e3d3}.bin{fill:#54769f}.mark{stroke:#b3541e}\
@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.dim{fill:#9198a1}.grid{stroke:#3d444d}\
.step{fill:#7aa2d6}.resource{fill:#3f5c80}.critical{fill:#e08a4f}.out{fill:#2d2018}.bin{fill:#7aa2d6}.mark{stroke:#e08a4f}}\
</style>";

/// The course of the run in the middle.
#[must_use]
pub fn timeline_svg(told: &Told) -> String {
    let Timeline { kept_out, steps, resources, .. } = &told.timeline;
    let end = steps.iter().chain(resources).map(|bar| bar.until).max().unwrap_or(0).max(1);
    let resources = longest(resources);
    let rows = steps.len() + resources.len();
    let height = 64 + ROW * (rows as u64 + 2);
    let mut svg = opening(height, &format!("{}: the upgrade in its course", told.deployment));
    let place = |at: u64| LABEL + at.min(end) * (WIDTH - LABEL - 20) / end;
    if let Some(Span { from, until }) = kept_out {
        let (from, until) = (place(*from), place(*until));
        let _ = write!(
            svg,
            r#"<rect class="out" x="{from}" y="40" width="{}" height="{}"/><text class="dim" x="{from}" y="36">users out: {}</text>"#,
            (until - from).max(LEAST),
            height - 60,
            kept_out.map_or_else(String::new, |Span { from, until }| duration(until - from)),
        );
    }
    for tick in 0..=6 {
        let at = end * tick / 6;
        let x = place(at);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{x}" x2="{x}" y1="40" y2="{}"/><text class="dim" x="{x}" y="{}" text-anchor="{}">{}</text>"#,
            height - 20,
            height - 6,
            anchor(tick, 6),
            duration(at)
        );
    }
    let mut y = 44;
    let mut group = |svg: &mut String, bars: &[&Bar], class: &str| {
        for bar in bars {
            let class = if bar.critical { "critical" } else { class };
            let (from, until) = (place(bar.from), place(bar.until));
            let _ = write!(
                svg,
                r#"<g><title>{name}: {took}</title><text x="{label}" y="{base}" text-anchor="end">{short}</text><rect class="{class}" x="{from}" y="{top}" width="{width}" height="12" rx="2"/></g>"#,
                name = escaped(&bar.name),
                took = duration(bar.until - bar.from),
                label = LABEL - 8,
                base = y + 12,
                short = escaped(&shortened(&bar.name)),
                top = y + 3,
                width = (until - from).max(LEAST),
            );
            y += ROW;
        }
        y += ROW / 2;
    };
    let steps: Vec<&Bar> = steps.iter().collect();
    group(&mut svg, &steps, "step");
    group(&mut svg, &resources, "resource");
    svg.push_str("</svg>\n");
    svg
}

/// How often users are out for how long.
#[must_use]
pub fn distribution_svg(told: &Told) -> String {
    const BINS: u64 = 40;
    const HEIGHT: u64 = 260;
    let downtimes = &told.distribution.downtimes;
    let (least, most) =
        (downtimes.first().copied().unwrap_or(0), downtimes.last().copied().unwrap_or(0).max(1));
    let mut svg =
        opening(HEIGHT, &format!("{}: how long users are out, by {} runs", told.deployment, downtimes.len()));
    let step = (most - least.min(most)).div_ceil(BINS).max(1);
    let mut bins = vec![0_u64; usize::try_from(BINS).unwrap_or(1)];
    for downtime in downtimes {
        let bin = usize::try_from((downtime - least) / step).unwrap_or(usize::MAX).min(bins.len() - 1);
        bins[bin] += 1;
    }
    let highest = bins.iter().copied().max().unwrap_or(1).max(1);
    let (left, width, base, tall) = (40, (WIDTH - 80) / BINS, HEIGHT - 40, HEIGHT - 100);
    for (bin, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        let bin = bin as u64;
        let height = (count * tall).div_ceil(highest);
        let _ = write!(
            svg,
            r#"<g><title>{}: {count}</title><rect class="bin" x="{}" y="{}" width="{}" height="{height}"/></g>"#,
            duration(least + bin * step),
            left + bin * width,
            base - height,
            width - 2,
        );
    }
    if let Some(spread) = told.distribution.downtime {
        let place = |at: u64| left + (at.saturating_sub(least)) * width / step;
        for (word, at, y) in
            [("half", spread.median, 46), ("90 of 100", spread.p90, 60), ("99 of 100", spread.p99, 74)]
        {
            let x = place(at);
            let _ = write!(
                svg,
                r#"<line class="mark" x1="{x}" x2="{x}" y1="{y}" y2="{base}" stroke-dasharray="3 3"/><text x="{}" y="{y}" text-anchor="{}">{word}: {}</text>"#,
                if x > WIDTH - 200 { x - 4 } else { x + 4 },
                if x > WIDTH - 200 { "end" } else { "start" },
                duration(at)
            );
        }
    }
    for tick in 0..=4 {
        let at = least + BINS * step * tick / 4;
        let x = left + BINS * width * tick / 4;
        let _ = write!(
            svg,
            r#"<text class="dim" x="{x}" y="{}" text-anchor="{}">{}</text>"#,
            HEIGHT - 18,
            anchor(tick, 4),
            duration(at)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The same picture without its style: whoever shows it within a page gives its classes theirs.
#[must_use]
pub fn unstyled(svg: &str) -> String {
    svg.replacen(STYLE, "", 1)
}

/// How the words at a tick lie: those of the first and the last stay within the picture.
fn anchor(tick: u64, last: u64) -> &'static str {
    match tick {
        0 => "start",
        _ if tick == last => "end",
        _ => "middle",
    }
}

fn opening(height: u64, title: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"><title>{title}</title>{STYLE}<text x="12" y="20" font-weight="600">{title}</text>"#,
        title = escaped(title)
    )
}

/// The bars that take longest, in the order of their beginning.
fn longest(bars: &[Bar]) -> Vec<&Bar> {
    let mut sorted: Vec<&Bar> = bars.iter().filter(|bar| bar.until > bar.from).collect();
    sorted.sort_by_key(|bar| (!bar.critical, std::cmp::Reverse(bar.until - bar.from)));
    sorted.truncate(MOST_ROWS);
    sorted.sort_by_key(|bar| (bar.from, bar.until));
    sorted
}

fn shortened(name: &str) -> String {
    const MOST: usize = 42;
    match name.chars().count() > MOST {
        true => format!("{}…", name.chars().take(MOST - 1).collect::<String>()),
        false => name.to_owned(),
    }
}

/// Text in XML, HTML and Markdown: what would be markup is told, what no XML may hold is left out.
pub(super) fn escaped(text: &str) -> String {
    let held: String =
        text.chars().filter(|one| !one.is_control() || matches!(one, '\t' | '\n' | '\r')).collect();
    held.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The course of the run in the middle, for a terminal of this width.
pub(crate) fn timeline_text(timeline: &Timeline, width: usize) -> String {
    const NAME: usize = 34;
    let room = width.clamp(72, 120) - NAME - 14;
    let end = timeline.steps.iter().chain(&timeline.resources).map(|bar| bar.until).max().unwrap_or(0).max(1);
    let mut text = String::new();
    let mut row = |bar: &Bar, ink: &str| {
        let place = |at: u64| usize::try_from(at.saturating_mul(room as u64) / end).unwrap_or(room).min(room);
        let (from, until) = (place(bar.from).min(room - 1), place(bar.until));
        let name: String = bar.name.chars().take(NAME - 1).collect();
        let _ = writeln!(
            text,
            "  {name:<NAME$}{}{}{} {}",
            " ".repeat(from),
            ink.repeat((until - from.min(until)).max(1)),
            " ".repeat(room - until.max(from + 1)),
            duration(bar.until - bar.from)
        );
    };
    // What takes less than a hundredth is no part of the picture.
    for step in timeline.steps.iter().filter(|bar| (bar.until - bar.from) * 100 >= end) {
        row(step, "▇");
    }
    for resource in longest(&timeline.resources).iter().filter(|bar| bar.critical) {
        row(resource, "─");
    }
    text
}

/// Failures as SVG would be a wall: they are a table. How many came to which end, in one line.
#[must_use]
pub fn in_a_line(failures: &Failures) -> String {
    let count = |end: End| failures.outcomes.iter().filter(|one| one.end == end).count();
    let parts: Vec<String> = End::ALL
        .into_iter()
        .filter(|end| count(*end) > 0)
        .map(|end| format!("{} {}", count(end), end.title()))
        .collect();
    format!("{} failures: {}", failures.outcomes.len(), parts.join(", "))
}
