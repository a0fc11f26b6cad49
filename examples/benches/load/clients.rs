//! Clients that write as fast as they are answered.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::service::Service;

pub(crate) struct Driven {
    /// Microseconds that each answer took.
    pub(crate) times: Vec<u32>,
    pub(crate) seconds: f64,
    /// In KiB: early, at the end, at most.
    pub(crate) memory: [u64; 3],
}

pub(crate) fn drive(service: &Service, clients: usize, duration: Duration) -> Driven {
    let start = Barrier::new(clients + 1);
    let mut memory = [0; 3];
    let mut seconds = 0.0;
    let times = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                let start = &start;
                scope.spawn(move || {
                    let client = Client::new(service, number);
                    start.wait();
                    client.write_for(duration)
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        thread::sleep(duration / 5);
        memory[0] = service.memory()[0];
        let times = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        let times: Vec<u32> = times.collect();
        seconds = began.elapsed().as_secs_f64();
        [memory[1], memory[2]] = service.memory();
        times
    });
    Driven {
        times,
        seconds,
        memory,
    }
}

/// Somebody who is logged in and has an incident to write on.
struct Client {
    agent: Agent,
    session: String,
    notes: String,
}

impl Client {
    fn new(service: &Service, number: usize) -> Self {
        let agent = Agent::new_with_defaults();
        let mut writers = service
            .people
            .iter()
            .filter(|person| person["role"] != "viewer")
            .cycle();
        let person = writers.nth(number).unwrap();
        let login = json!({
            "company": person["company"],
            "name": person["login"],
            "password": person["password"],
        });
        let answer = post(&agent, &format!("{}/login", service.url), "", &login);
        let session = format!("Bearer {}", answer["token"].as_str().unwrap());
        let new = json!({
            "title": format!("Beacon {number}"),
            "severity": "high",
            "summary": "seen",
            "sensor_token": "of a sensor",
        });
        let answer = post(
            &agent,
            &format!("{}/incidents", service.url),
            &session,
            &new,
        );
        Self {
            agent,
            session,
            notes: format!("{}/incidents/{}/note", service.url, answer["id"]),
        }
    }

    fn write_for(&self, duration: Duration) -> Vec<u32> {
        let mut times = Vec::new();
        let end = Instant::now() + duration;
        while Instant::now() < end {
            let note = json!({ "text": format!("seen again, {} times by now", times.len()) });
            let asked = Instant::now();
            let answer = post(&self.agent, &self.notes, &self.session, &note);
            assert!(answer["note"].is_string());
            times.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        times
    }
}

fn post(agent: &Agent, url: &str, session: &str, body: &Value) -> Value {
    let request = agent
        .post(url)
        .header("authorization", session)
        .content_type("application/json");
    let mut answer = request.send(body.to_string()).unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}
