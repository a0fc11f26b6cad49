//! Who asks the service.

use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::desk::DEADLINE;

type Answered = Result<Answer, ureq::Error>;

/// A client that keeps its connections, with or without a session.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    pub(crate) token: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) body: Value,
}

/// Somebody of `people.json`.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) company: String,
    pub(crate) password: String,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .proxy(None);
        Self {
            agent: config.build().into(),
            url: url.to_owned(),
            token: None,
        }
    }

    pub(crate) fn log_in(mut self, login: &str) -> Self {
        let person = Person::find(login);
        let answer = self.try_log_in(&person.company, login, &person.password);
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.token = Some(answer.body["token"].as_str().unwrap().to_owned());
        self
    }

    pub(crate) fn try_log_in(&self, company: &str, name: &str, password: &str) -> Answer {
        self.post(
            "/login",
            &json!({"company": company, "name": name, "password": password}),
        )
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &[u8])]) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in self.session() {
            request = request.header(name, value.as_slice());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.call().unwrap()).unwrap()
    }

    /// Posts a body, or nothing where it is null.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).unwrap()
    }

    /// As `post`, where the service may end meanwhile.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Answered {
        self.send(self.agent.post(format!("{}{path}", self.url)), body)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.patch(format!("{}{path}", self.url));
        self.send(request, body).unwrap()
    }

    pub(crate) fn delete(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.delete(format!("{}{path}", self.url));
        self.send(request.force_send_body(), body).unwrap()
    }

    /// Reports an incident that nobody else has.
    pub(crate) fn report(&self, title: &str) -> Answer {
        let answer = self.try_report(title).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer
    }

    pub(crate) fn try_report(&self, title: &str) -> Answered {
        let new = json!({
            "title": title,
            "severity": "low",
            "summary": "seen",
            "sensor_token": "of a sensor",
        });
        self.try_post("/incidents", &new)
    }

    /// All entries that a question finds, the newest first, page by page.
    pub(crate) fn audit(&self, question: &[(&str, &str)]) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(question, after.as_deref());
            assert_eq!(page.status, 200, "{}", page.body);
            entries.extend_from_slice(page.body["entries"].as_array().unwrap());
            after = page.body["next"].as_str().map(str::to_owned);
            if after.is_none() {
                return entries;
            }
        }
    }

    pub(crate) fn page(&self, question: &[(&str, &str)], after: Option<&str>) -> Answer {
        let mut request = self.agent.get(format!("{}/audit", self.url));
        for (name, value) in self.session() {
            request = request.header(name, value.as_slice());
        }
        let after = after.map(|after| ("after", after));
        let pairs = question.iter().copied().chain(after);
        Answer::of(request.query_pairs(pairs).call().unwrap()).unwrap()
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        body: &Value,
    ) -> Answered {
        let mut request = request;
        for (name, value) in self.session() {
            request = request.header(name, value.as_slice());
        }
        Answer::of(match body {
            Value::Null => request.send_empty()?,
            body => request
                .content_type("application/json")
                .send(body.to_string())?,
        })
    }

    fn session(&self) -> Vec<(String, Vec<u8>)> {
        let token = self.token.iter();
        token
            .map(|token| {
                (
                    "authorization".to_owned(),
                    format!("Bearer {token}").into_bytes(),
                )
            })
            .collect()
    }
}

impl Answer {
    fn of(mut response: Response<Body>) -> Answered {
        let text = response.body_mut().read_to_string()?;
        let request_id = response.headers().get("x-request-id");
        let request_id = request_id.map(|id| id.to_str().unwrap().to_owned());
        Ok(Self {
            status: response.status().as_u16(),
            request_id: request_id.unwrap_or_default(),
            // What is no JSON is told as the text that it is.
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }

    pub(crate) fn id(&self) -> i64 {
        self.body["id"].as_i64().unwrap()
    }
}

impl Person {
    pub(crate) fn find(login: &str) -> Self {
        let people: Value = serde_json::from_str(include_str!("../../data/people.json")).unwrap();
        let mut people = people.as_array().unwrap().iter();
        let person = people.find(|person| person["login"] == login).unwrap();
        let field = |name: &str| person[name].as_str().unwrap().to_owned();
        Self {
            id: field("id"),
            name: field("name"),
            company: field("company"),
            password: field("password"),
        }
    }
}
