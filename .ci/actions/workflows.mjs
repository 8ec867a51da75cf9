// Reads workflows with GitHub's own parser, validator and expressions. It reads one JSON value on stdin and prints another:
//
//   {"validate": {PATH: TEXT, …}}            every complaint, as text
//   {"run": TEXT, "cases": [CASE, …]}        what each job and step of a run is evaluated to
//
// A case has the contexts `github`, `inputs` and `runner`, the `steps` of jobs (by `job.id` or `job.id@leg`), and the jobs or
// legs that `fail`. Nothing is executed: jobs end as the case says, in the order that `needs` gives.
import { readFileSync } from "node:fs";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { truthy } from "@actions/expressions/result";
import { validate } from "@actions/languageservice";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { ErrorPolicy } from "@actions/workflow-parser/model/convert";
import { TextDocument } from "vscode-languageserver-textdocument";

const plain = (value) => JSON.parse(JSON.stringify(value, data.replacer));
const context = (value) => JSON.parse(JSON.stringify(value), data.reviver);

function evaluate(expression, contexts, status) {
  const functions = new Map(
    Object.entries(status).map(([name, holds]) => [
      name,
      { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(holds) },
    ]),
  );
  const tokens = new Lexer(expression).lex().tokens;
  const parsed = new Parser(tokens, Object.keys(contexts), [...functions.values()]).parse();
  return new Evaluator(parsed, context(contexts), functions).evaluate();
}

// A token of the parsed text as data, with every expression evaluated.
function value(token, contexts, status) {
  if (token === undefined) return null;
  if (token.expression !== undefined) return plain(evaluate(token.expression, contexts, status));
  const length = token.count ?? 0;
  const items = Array.from({ length }, (_, index) => token.get(index));
  if (items.length > 0 && items[0].key !== undefined) {
    const pairs = items.map((pair) => [pair.key.value, value(pair.value, contexts, status)]);
    return Object.fromEntries(pairs);
  }
  if (length > 0) return items.map((item) => value(item, contexts, status));
  return token.value ?? null;
}

const find = (mapping, name) => {
  for (let index = 0; index < (mapping?.count ?? 0); index += 1) {
    const pair = mapping.get(index);
    if (pair.key.value === name) return pair.value;
  }
  return undefined;
};

async function read(text) {
  const parsed = parseWorkflow({ name: "workflow.yml", content: text }, new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors().map((error) => error.message);
  const template = await convertWorkflowTemplate(parsed.context, parsed.value, undefined, {
    errorPolicy: ErrorPolicy.TryConversion,
  });
  return { template, root: parsed.value, errors: [...errors, ...(template.errors ?? []).map((one) => one.Message)] };
}

async function complaints(files) {
  const all = [];
  for (const [path, text] of Object.entries(files)) {
    const { errors } = await read(text);
    const found = await validate(TextDocument.create(`file:///${path}`, "yaml", 1, text));
    const lines = found.map((one) => `line ${one.range.start.line + 1}: ${one.message}`);
    all.push(...errors.concat(lines).map((line) => `${path}: ${line}`));
  }
  return all;
}

function ancestors(name, needs) {
  const all = new Set(needs[name]);
  for (const need of all) ancestors(need, needs).forEach((one) => all.add(one));
  return all;
}

// Evaluates one run.
function run({ template, root }, given) {
  const jobs = Object.fromEntries(template.jobs.map((job) => [job.id.value, job]));
  const needs = Object.fromEntries(template.jobs.map((job) => [job.id.value, (job.needs ?? []).map((one) => one.value)]));
  const done = {};
  while (Object.keys(done).length < template.jobs.length) {
    const name = Object.keys(jobs).find((one) => !done[one] && needs[one].every((need) => done[need]));
    if (!name) throw new Error("jobs wait for each other");
    const before = [...ancestors(name, needs)].map((need) => done[need].result);
    const status = {
      success: before.every((result) => result === "success"),
      failure: before.includes("failure"),
      cancelled: false,
      always: true,
    };
    const contexts = {
      github: given.github,
      inputs: given.inputs ?? null,
      vars: {},
      needs: Object.fromEntries(
        needs[name].map((need) => [need, { result: done[need].result, outputs: done[need].outputs }]),
      ),
    };
    const holds = truthy(evaluate(jobs[name].if.expression, contexts, status));
    done[name] = holds
      ? runs(name, jobs[name], find(find(root, "jobs"), name), contexts, given)
      : { result: "skipped", outputs: {} };
  }
  const concurrency = value(template.concurrency, { github: given.github, inputs: given.inputs ?? null, vars: {} }, {});
  return { jobs: done, concurrency };
}

// A job that runs: each leg of its matrix, and each step.
function runs(name, job, raw, contexts, given) {
  const fine = { success: true, failure: false, cancelled: false, always: true };
  const matrices = value(find(find(raw, "strategy"), "matrix"), contexts, fine) ?? {};
  const [[key, list] = ["include", [{}]]] = Object.entries(matrices);
  const rows = key === "include" ? list : list.map((one) => ({ [key]: one }));
  const legs = [];
  const outputs = {};
  let result = "success";
  for (const matrix of rows) {
    const leg = matrix.name ?? matrix.runner ?? "";
    const here = { ...contexts, matrix, strategy: { "job-index": legs.length } };
    const ended = {};
    const at = {
      ...here,
      runner: given.runner,
      job: {},
      env: {},
      steps: ended,
    };
    const fails = (given.fail ?? []).some((one) => one === name || one === `${name}/${leg}`);
    const steps = (job.steps ?? []).map((step, index) => {
      const token = find(raw, "steps").get(index);
      const runs = truthy(evaluate(step.if.expression, at, { ...fine, success: !fails || index === 0, failure: fails && index > 0 }));
      const known = given.steps?.[`${name}.${step.id}@${leg}`] ?? given.steps?.[`${name}.${step.id}`] ?? {};
      ended[step.id] = { outcome: runs ? "success" : "skipped", outputs: runs ? (known.outputs ?? {}) : {}, ...(runs ? known : {}) };
      return {
        name: value(find(token, "name"), at, fine),
        runs,
        uses: find(token, "uses")?.value?.split("@")[0] ?? null,
        env: runs ? value(find(token, "env"), { ...at, secrets: given.secrets ?? {} }, fine) : null,
        with: runs ? value(find(token, "with"), { ...at, secrets: given.secrets ?? {} }, fine) : null,
        tolerates: runs ? value(find(token, "continue-on-error"), at, fine) : null,
      };
    });
    const mine = value(find(raw, "outputs"), at, fine) ?? {};
    // A leg without a value leaves that of another one.
    Object.entries(mine).filter(([, text]) => text !== "" && text !== null).forEach(([key, text]) => (outputs[key] = text));
    if (fails) result = "failure";
    legs.push({
      leg,
      runner: value(find(raw, "runs-on"), here, fine),
      environment: value(find(raw, "environment"), here, fine),
      title: value(find(raw, "name"), here, fine),
      with: value(find(raw, "with"), here, fine),
      env: value(find(raw, "env"), { ...here, secrets: {} }, fine),
      steps,
    });
  }
  return { result, legs, outputs };
}

const asked = JSON.parse(readFileSync(0, "utf8"));
const answer = asked.validate
  ? await complaints(asked.validate)
  : await (async () => {
      const workflow = await read(asked.run);
      return asked.cases.map((one) => run(workflow, one));
    })();
process.stdout.write(`${JSON.stringify(answer)}\n`);
