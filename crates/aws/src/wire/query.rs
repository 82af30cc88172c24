//! The Query protocol (CloudFormation, Auto Scaling, Elastic Load Balancing, EC2, RDS, IAM, CloudWatch, STS, SNS): a request is
//! a form, an answer XML, which is read into types.

use std::ops::ControlFlow;

use aws_smithy_types::date_time::{DateTime, Format};
use bytes::Bytes;
use http::Method;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};

use super::{Answer, Call, Wire};
use crate::endpoints::Service;
use crate::errors::{CallError, Failure};
use crate::xml::{Element, XmlError};

/// Where an answer says that there is another page, and the field that asks for it.
const TOKENS: [(&str, &str); 4] = [
    ("NextToken", "NextToken"),
    // EC2
    ("nextToken", "NextToken"),
    // Elastic Load Balancing
    ("NextMarker", "Marker"),
    // IAM
    ("Marker", "Marker"),
];

/// A request: an operation and its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Form<'a> {
    service: &'a Service,
    action: &'static str,
    fields: Vec<(String, String)>,
    repeatable: bool,
}

impl<'a> Form<'a> {
    pub(crate) fn new(service: &'a Service, action: &'static str) -> Form<'a> {
        Form { service, action, fields: Vec::new(), repeatable: true }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Form<'a> {
        self.fields.push((name.into(), value.to_string()));
        self
    }

    /// `None` adds nothing.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<impl ToString>) -> Form<'a> {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A list: `NAME.1`, `NAME.2`, …
    #[must_use]
    pub(crate) fn with_list<T: AsRef<str>>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Form<'a> {
        for (index, value) in values.into_iter().enumerate() {
            self = self.with(format!("{name}.{}", index + 1), value.as_ref());
        }
        self
    }

    /// A list of structures: `NAME.member.1.FIELD`, …; `fields` gives those of one, and a field without a name is the item
    /// itself. An empty list is said to be empty (`NAME=`): what isn't named at all stays as it is.
    #[must_use]
    pub(crate) fn with_members<T, V: ToString, const N: usize>(
        self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        fields: impl Fn(T) -> [(&'static str, V); N],
    ) -> Form<'a> {
        let mut form = self;
        let mut count = 0;
        for item in items {
            count += 1;
            for (field, value) in fields(item) {
                let path = format!("{name}.member.{count}.{field}");
                form = form.with(path.trim_end_matches('.'), value);
            }
        }
        if count == 0 { form.with(name, "") } else { form }
    }

    /// What an answer showed, as a request takes it: `NAME.CHILD`, `NAME.member.1`, and for a map `NAME.entry.1`.
    #[must_use]
    pub(crate) fn with_element(mut self, name: &str, element: &Element) -> Form<'a> {
        for (index, child) in element.children.iter().enumerate() {
            let path = match child.name.as_str() {
                "member" | "entry" => format!("{name}.{}.{}", child.name, index + 1),
                field => format!("{name}.{field}"),
            };
            self = self.with_element(&path, child);
        }
        if element.children.is_empty() { self.with(name, element.text.trim_end()) } else { self }
    }

    /// A call that makes something anew each time it arrives: it isn't sent again unless it was turned away.
    #[must_use]
    pub(crate) fn once(mut self) -> Form<'a> {
        self.repeatable = false;
        self
    }

    fn failed(&self, failure: Failure) -> CallError {
        CallError { operation: format!("{}:{}", self.service.iam_prefix, self.action), failure }
    }

    fn body(&self) -> Bytes {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", self.action).append_pair("Version", self.service.version);
        for (name, value) in &self.fields {
            form.append_pair(name, value);
        }
        Bytes::from(form.finish())
    }
}

impl Wire {
    /// Send a form; gives the result in its answer: `ACTIONResult`, or the root where there is none.
    pub(crate) async fn query(&self, form: &Form<'_>) -> Result<Element, CallError> {
        let answer = self.answer_to(form).await.and_then(|answer| answer.tree());
        Ok(result_in(form, answer.map_err(|failure| form.failed(failure))?))
    }

    async fn answer_to(&self, form: &Form<'_>) -> Result<Answer, Failure> {
        let call = Call {
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.body(),
            repeatable: form.repeatable,
            ..self.call(form.service, Method::POST, "/")
        };
        self.send(&call).await
    }

    /// The same, as a type.
    pub(crate) async fn read<T: DeserializeOwned>(&self, form: &Form<'_>) -> Result<T, CallError> {
        self.query(form).await?.read().map_err(|failure| form.failed(failure))
    }

    /// Send a form whose answer says nothing.
    pub(crate) async fn tell(&self, form: &Form<'_>) -> Result<(), CallError> {
        self.query(form).await.map(drop)
    }

    /// Page after page of a form, until there is none or `each` breaks off.
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        form: &Form<'_>,
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), CallError> {
        let mut next = None;
        loop {
            let page = self.page(form, &mut next).await?;
            if each(page.read().map_err(|failure| form.failed(failure))?).is_break() || next.is_none() {
                return Ok(());
            }
        }
    }

    /// The items of a list, one after the other, on all pages of a form, until `each` breaks off: what follows isn't even read.
    pub(crate) async fn each<T: DeserializeOwned>(
        &self,
        form: &Form<'_>,
        list: &str,
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), CallError> {
        let mut next = None;
        loop {
            let asked = asked(form, &mut next);
            let answer = self.answer_to(&asked).await.map_err(|failure| form.failed(failure))?;
            let mut unreadable = None;
            let page = Element::parse_but(&answer.text(), list, |item| match item.read() {
                Ok(item) => each(item),
                Err(failure) => {
                    unreadable = Some(failure);
                    ControlFlow::Break(())
                }
            });
            let malformed = |error: XmlError| form.failed(Failure::Unreadable(error.to_string()));
            let page = page.map_err(malformed)?;
            if let Some(failure) = unreadable {
                return Err(form.failed(failure));
            }
            let Some(page) = page.map(|root| result_in(form, root)) else { return Ok(()) };
            next = following(&page);
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// The items of lists, on all pages of a form.
    pub(crate) async fn items(&self, form: &Form<'_>, lists: &[&str]) -> Result<Vec<Element>, CallError> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self.page(form, &mut next).await?;
            items.extend(lists.iter().flat_map(|name| page.list(name)).cloned());
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// The items of a list, on all pages of a form, as a type.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        form: &Form<'_>,
        name: &str,
    ) -> Result<Vec<T>, CallError> {
        let items = self.items(form, &[name]).await?;
        items.iter().map(Element::read).collect::<Result<_, _>>().map_err(|failure| form.failed(failure))
    }

    /// The page that `next` asks for; then `next` is the field and the token of the one after it.
    async fn page(&self, form: &Form<'_>, next: &mut Next) -> Result<Element, CallError> {
        let page = self.query(&asked(form, next)).await?;
        *next = following(&page);
        Ok(page)
    }
}

/// What is asked for the next page.
type Next = Option<(&'static str, String)>;

fn asked<'a>(form: &Form<'a>, next: &mut Next) -> Form<'a> {
    match next.take() {
        Some((field, token)) => form.clone().with(field, token),
        None => form.clone(),
    }
}

fn following(page: &Element) -> Next {
    TOKENS.iter().find_map(|(told, field)| Some((*field, page.some_text_of(told)?)))
}

/// The result in an answer.
fn result_in(form: &Form<'_>, mut root: Element) -> Element {
    let is_result = |child: &Element| child.name.strip_suffix("Result") == Some(form.action);
    match root.children.iter().position(is_result) {
        Some(place) => root.children.swap_remove(place),
        None => root,
    }
}

/// For serde: a time, without the zeros at the end of its fraction.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = DateTime::from_str(&text, Format::DateTimeWithOffset).map_err(D::Error::custom)?;
    Ok(time.fmt(Format::DateTime).ok())
}
