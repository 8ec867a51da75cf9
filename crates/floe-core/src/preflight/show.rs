//! Questions as the lines people read and the JSON programs read.

use serde::Serialize;

use super::{Answer, Question};
use crate::model::Release;
use crate::plan::{Plan, PlanJson};

/// A plan with its questions as JSON, schema 1.
#[derive(Debug, Serialize)]
pub struct CheckedPlanJson {
    #[serde(flatten)]
    plan: PlanJson,
    /// Empty where nothing was asked.
    questions: Vec<QuestionJson>,
}

impl CheckedPlanJson {
    /// The plan and the answers as data for programs.
    pub fn new(plan: &Plan, release: &Release, questions: &[Question]) -> Self {
        let questions = questions.iter().map(Question::to_json).collect();
        CheckedPlanJson { plan: plan.to_json(release), questions }
    }
}

/// A question as JSON, part of the plan's schema 1.
#[derive(Debug, Serialize)]
pub struct QuestionJson {
    about: &'static str,
    /// `yes`, `warning`, `no` or `unasked`.
    answer: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

impl Question {
    /// The question as data for programs.
    pub fn to_json(&self) -> QuestionJson {
        let cure = match &self.answer {
            Answer::Warning(said) | Answer::No(said) => Some(said.cure.clone()),
            Answer::Yes(_) | Answer::Unasked(_) => None,
        };
        QuestionJson { about: self.about, answer: self.word(), found: self.found().to_owned(), cure }
    }

    /// The answer in one word: `yes`, `warning`, `no` or `unasked`.
    pub fn word(&self) -> &'static str {
        match self.answer {
            Answer::Yes(_) => "yes",
            Answer::Warning(_) => "warning",
            Answer::No(_) => "no",
            Answer::Unasked(_) => "unasked",
        }
    }

    /// What was found, or why it was not asked.
    pub fn found(&self) -> &str {
        match &self.answer {
            Answer::Yes(text) | Answer::Unasked(text) => text,
            Answer::Warning(said) | Answer::No(said) => &said.found,
        }
    }
}
