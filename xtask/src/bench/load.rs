//! One load: Debian's `wrk` as a second process, and what it says.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Connections that ask at once.
const CONNECTIONS: &str = "32";

/// What to ask, and which process answers.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) to: SocketAddr,
    pub(crate) host: String,
    pub(crate) path: String,
    /// The bearer token, if one is sent.
    pub(crate) token: Option<String>,
    /// The process that answers: its CPU time is counted.
    pub(crate) process: u32,
}

/// What one load measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// CPU seconds of the server, user and system.
    pub(crate) cpu_seconds: f64,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// CPU microseconds of the server for each request.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.requests as f64
    }
}

/// Says how to get `wrk` where it is missing.
pub(crate) fn find_wrk() -> Result<()> {
    Command::new("wrk")
        .arg("-v")
        .output()
        .context("cannot run `wrk`, the load generator: apt-get install wrk")?;
    Ok(())
}

impl Load {
    /// Asks for this long, after a short warm-up that is not counted.
    pub(crate) fn run(&self, duration: Duration) -> Result<Measured> {
        self.ask(1)?;
        let before = cpu_seconds(self.process)?;
        let said = self.ask(duration.as_secs())?;
        read(&said, cpu_seconds(self.process)? - before)
    }

    fn ask(&self, seconds: u64) -> Result<String> {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c", CONNECTIONS, "-d"]).arg(format!("{seconds}s")).arg("--latency");
        wrk.args(["-H", &format!("Host: {}", self.host)]);
        if let Some(token) = &self.token {
            wrk.args(["-H", &format!("Authorization: Bearer {token}")]);
        }
        let out = wrk.arg(format!("http://{}{}", self.to, self.path)).output()?;
        ensure!(out.status.success(), "wrk failed: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8(out.stdout)?)
    }
}

/// Reads what `wrk --latency` printed; anything but whole 200 answers is an error.
fn read(said: &str, cpu_seconds: f64) -> Result<Measured> {
    if let Some(wrong) = said.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        bail!("not every answer was good: {}", wrong.trim());
    }
    let percentile = |name: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name)).context("no percentiles")?;
        milliseconds(line.trim())
    };
    let line = said.lines().find(|line| line.contains(" requests in ")).context("no count of requests")?;
    let (count, rest) = line.trim().split_once(" requests in ").context("no count of requests")?;
    let took = rest.split(',').next().unwrap_or_default();
    Ok(Measured {
        requests: count.parse()?,
        seconds: milliseconds(took)? / 1e3,
        p50_ms: percentile("50%")?,
        p99_ms: percentile("99%")?,
        cpu_seconds,
    })
}

/// Reads `340.00us`, `1.20ms`, `3.00s`, `1.00m`.
fn milliseconds(text: &str) -> Result<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .with_context(|| format!("`{text}` is no time"))?;
    Ok(number.trim().parse::<f64>().with_context(|| format!("`{text}` is no time"))? * factor)
}

/// The CPU time a process has used (proc(5): fields 14 and 15 of `stat`, in hundredths of a second).
fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |at: usize| -> Result<f64> { Ok(fields.get(at).context("`stat` is too short")?.parse::<f64>()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  Thread Stats   Avg\n  \
        Latency Distribution\n     50%  340.00us\n     75%  400.00us\n     90%    1.20ms\n     99%    2.50ms\n  \
        50000 requests in 5.00s, 7.00MB read\nRequests/sec:  10000.00\n";

    #[test]
    fn what_wrk_says_is_read() {
        let measured = read(SAID, 1.0).unwrap();
        assert_eq!((measured.requests, measured.p50_ms, measured.p99_ms), (50_000, 0.34, 2.5));
        assert!((measured.per_second() - 10_000.0).abs() < 1e-6);
        assert!((measured.cpu_us() - 20.0).abs() < 1e-6);
    }

    #[test]
    fn one_bad_answer_spoils_a_load() {
        let spoiled = format!("{SAID}  Non-2xx or 3xx responses: 1\n");
        assert!(read(&spoiled, 1.0).unwrap_err().to_string().contains("Non-2xx"));
        assert!(read("nothing", 1.0).is_err());
    }
}
