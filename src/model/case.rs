//! The facts of a case: what the customer and the agent say about it, and who said it.

use serde::{Deserialize, Serialize};

use super::{CaseId, Moment};

/// Who gave a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GivenBy {
    /// The person whose system is in trouble.
    Customer,
    /// The support agent.
    Agent,
    /// This program.
    Tool,
}

/// One fact and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What was said.
    pub value: T,
    /// Who said it.
    pub given_by: GivenBy,
}

/// A fact that may be "none, because …".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Answer<T> {
    /// There it is. Stands first: serde would take a list of one text for a struct of one field.
    Given(T),
    /// There is none, for a reason.
    None(NoneBecause),
}

/// The reason for an absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoneBecause {
    /// Why there is none.
    pub none_because: String,
}

/// A value that is shown and stored on purpose (contact, account): exempt from the rules in `case.json` only, and never
/// sent to a channel that is not marked secure. Its `Debug` form is blank, so that no log line can hold it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Disclosed(String);

impl Disclosed {
    /// Marks `text` as disclosed on purpose.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value, for the bundle's `case.json`, the preview, the ticket and the pager. Nothing else calls this.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Disclosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disclosed(…)")
    }
}

/// One step that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// What was done.
    pub what: String,
    /// What came of it. Missing is allowed here so that the checklist can ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
}

/// How much of the service is affected; the words of the severity definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Nothing works.
    CompleteOutage,
    /// A major function is broken.
    MajorFunction,
    /// Partly impaired or slow.
    Degraded,
    /// A question, a cosmetic fault, a wish.
    Minor,
}

/// Who is hurt, how, how many, since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Who is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Fact<String>>,
    /// What they cannot do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<Fact<String>>,
    /// How many users or customers are affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<Fact<u64>>,
    /// Out of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Fact<u64>>,
    /// Since when they are hurt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Fact<Moment>>,
    /// How much of the service is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Fact<Scope>>,
    /// A way around it, or "none, because …".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<Fact<Answer<String>>>,
}

/// Somebody to talk to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Name.
    pub name: Disclosed,
    /// Mail address, phone number or handle.
    pub address: Disclosed,
}

/// What the customer's contract promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerSla {
    /// The promise in words.
    pub text: String,
    /// Minutes until the first answer, where the contract says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_minutes: Option<u64>,
}

/// One escalation and its facts. Absent means nobody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `casefile-case/1`.
    pub schema: String,
    /// The case's id.
    pub case_id: CaseId,
    /// Account id; disclosed on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Fact<Disclosed>>,
    /// One line: what is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Fact<String>>,
    /// The product or service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Fact<String>>,
    /// How to see the fault, step by step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_to_reproduce: Option<Fact<Answer<Vec<String>>>>,
    /// Error messages, word for word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_messages: Option<Fact<Vec<String>>>,
    /// When the fault began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Fact<Moment>>,
    /// When the customer reported it; the clocks start here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Fact<Moment>>,
    /// What was tried, with results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Fact<Vec<Attempt>>>,
    /// Impact assessment.
    #[serde(default)]
    pub impact: Impact,
    /// What it costs the customer's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_impact: Option<Fact<String>>,
    /// Why it goes beyond the agent: expertise, access or time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation_reason: Option<Fact<String>>,
    /// Who to talk to; disclosed on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Fact<Contact>>,
    /// How they want to be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<Fact<String>>,
    /// Who to reach outside business hours; disclosed on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_contact: Option<Fact<Contact>>,
    /// What the contract promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_sla: Option<Fact<CustomerSla>>,
    /// IANA zone of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_zone: Option<Fact<String>>,
    /// Whether a browser is involved: decides whether a HAR is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_involved: Option<Fact<bool>>,
    /// Why there is no HAR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_har: Option<Fact<NoneBecause>>,
    /// Why there are no screenshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_screenshots: Option<Fact<NoneBecause>>,
}

/// The version of [`Case`]'s written form.
pub const CASE_SCHEMA: &str = "casefile-case/1";

impl Case {
    /// A case of which nothing is known but its id.
    #[must_use]
    pub fn new(case_id: CaseId) -> Self {
        Self {
            schema: CASE_SCHEMA.to_owned(),
            case_id,
            account_id: None,
            summary: None,
            service: None,
            steps_to_reproduce: None,
            error_messages: None,
            started_at: None,
            reported_at: None,
            tried: None,
            impact: Impact::default(),
            business_impact: None,
            escalation_reason: None,
            contact: None,
            preferred_channel: None,
            emergency_contact: None,
            customer_sla: None,
            customer_zone: None,
            browser_involved: None,
            no_har: None,
            no_screenshots: None,
        }
    }

    /// This case with every fact of `over` that is given laid over its own. The id stays.
    #[must_use]
    pub fn overlaid_by(self, over: Self) -> Self {
        Self {
            schema: self.schema,
            case_id: self.case_id,
            account_id: over.account_id.or(self.account_id),
            summary: over.summary.or(self.summary),
            service: over.service.or(self.service),
            steps_to_reproduce: over.steps_to_reproduce.or(self.steps_to_reproduce),
            error_messages: over.error_messages.or(self.error_messages),
            started_at: over.started_at.or(self.started_at),
            reported_at: over.reported_at.or(self.reported_at),
            tried: over.tried.or(self.tried),
            impact: Impact {
                who: over.impact.who.or(self.impact.who),
                cannot: over.impact.cannot.or(self.impact.cannot),
                affected: over.impact.affected.or(self.impact.affected),
                total: over.impact.total.or(self.impact.total),
                since: over.impact.since.or(self.impact.since),
                scope: over.impact.scope.or(self.impact.scope),
                workaround: over.impact.workaround.or(self.impact.workaround),
            },
            business_impact: over.business_impact.or(self.business_impact),
            escalation_reason: over.escalation_reason.or(self.escalation_reason),
            contact: over.contact.or(self.contact),
            preferred_channel: over.preferred_channel.or(self.preferred_channel),
            emergency_contact: over.emergency_contact.or(self.emergency_contact),
            customer_sla: over.customer_sla.or(self.customer_sla),
            customer_zone: over.customer_zone.or(self.customer_zone),
            browser_involved: over.browser_involved.or(self.browser_involved),
            no_har: over.no_har.or(self.no_har),
            no_screenshots: over.no_screenshots.or(self.no_screenshots),
        }
    }
}

/// The paths in the written form whose values are [`Disclosed`]. The redactor leaves these, and only these, alone.
pub const DISCLOSED_FIELDS: [&str; 5] = [
    "/account_id/value",
    "/contact/value/name",
    "/contact/value/address",
    "/emergency_contact/value/name",
    "/emergency_contact/value/address",
];

impl Case {
    /// Every value that is disclosed on purpose.
    pub fn disclosed(&self) -> impl Iterator<Item = &str> {
        let contacts = [&self.contact, &self.emergency_contact].into_iter().flatten();
        let contacts = contacts.flat_map(|fact| [&fact.value.name, &fact.value.address]);
        self.account_id.iter().map(|fact| &fact.value).chain(contacts).map(Disclosed::reveal)
    }
}
