/** Starts the page: asks for the model, then joins its parts. */

import { call, useKey } from "./api.js";
import { drawBars } from "./bars.js";
import { startLive } from "./live.js";
import { startMany } from "./many.js";
import { listed, make, number, $ } from "./page.js";
import { startWhy } from "./why.js";

const PAUSES = [2, 4, 8, 16, 30]; // seconds between tries while the server is away

const DECISIONS = {
  threshold: "one threshold for all emotions",
  per_label: "a threshold for each emotion",
  at_least: "a threshold, with a number of emotions on at least",
  expected_jaccard: "the set of emotions with the best expected Jaccard",
};

const thresholds = new Map(); // by label: what the user set
const state = { model: null, thresholds, bars: null, failed, answered, isAnother, reload: start };
let tries = 0;
let timer = 0;
let repeat = null; // what failed last
let fetched = ""; // the hash and labels of another model that the server was found to have

const why = (state.why = startWhy(state));
const live = startLive(state);
const many = startMany(state);

async function start() {
  try {
    const model = await call("v1/model");
    answered();
    show(model);
  } catch (error) {
    failed(error, start);
  }
}

function show(model) {
  const same = state.model?.sha256 === model.sha256 && areSame(state.model.labels, model.labels);
  state.model = model;
  if (!same) {
    thresholds.clear();
    state.bars = drawBars(model, thresholds, changed, why.pick);
    why.forget();
    describe(model);
    many.forget();
  }
  live.ask();
}

/**
 * Whether an answer comes from another model than this page knows, or has other labels, which a
 * server may be started with; each is fetched only once.
 */
function isAnother({ model, predictions }) {
  if (!model?.sha256) return false;
  const labels = Object.keys(predictions[0]?.probabilities ?? {});
  const same = model.sha256 === state.model.sha256 && areSame(labels, state.model.labels);
  const found = [model.sha256, ...labels].join("\n");
  if (same || found === fetched) return false;
  fetched = found;
  return true;
}

/** Whether labels are the same ones, in whatever order. */
function areSame(one, other) {
  return one.length === other.length && one.every((label) => other.includes(label));
}

function changed() {
  $("reset").disabled = thresholds.size === 0;
  live.decide();
  many.decide();
}

/** Shows what went wrong, and tries again by itself where waiting may help. */
function failed(error, again) {
  if (!("advice" in error)) throw error;
  repeat = again;
  $("trouble-title").textContent = error.title;
  $("trouble-advice").textContent = error.advice;
  $("key-form").hidden = error.kind !== "key";
  $("again").hidden = error.kind === "key" || error.kind === "refused";
  $("trouble").hidden = false;
  clearTimeout(timer);
  if (error.kind === "away" || error.kind === "busy") {
    if (tries < PAUSES.length) timer = setTimeout(again, PAUSES[tries++] * 1000);
  }
}

function answered() {
  clearTimeout(timer);
  tries = 0;
  if ($("trouble").contains(document.activeElement)) $("text").focus();
  $("trouble").hidden = true;
}

function describe(model) {
  const { name, labels, unseen, metrics, backend, sha256, max_length: length } = model;
  document.title = `${name} · Overtone`;
  $("version").textContent = model.overtone ? ` ${model.overtone}` : "";
  $("decision").textContent = model.thresholds
    ? "An emotion is on where its bar passes its mark. Drag a mark, or use the arrow keys on it."
    : "The model weighs the emotions together. Pull a ring to the right to set a threshold yourself.";
  const facts = [
    ["Name", [make("bdi", {}, name)]],
    [`${labels.length} emotions`, listed(labels)],
    ...(unseen?.length ? [["Never trained on", listed(unseen)]] : []),
    ["Decides by", [DECISIONS[model.decision?.name] ?? String(model.decision?.name)]],
    ...scores(metrics),
    ["Runs on", [backend]],
    // What has no limit says so with a number that no text reaches.
    ...(length && length < 1e6 ? [["Reads at most", [`${number(length)} tokens`]]] : []),
    ["SHA-256", [make("code", {}, sha256)]],
  ];
  $("facts").replaceChildren(
    ...facts.flatMap(([term, parts]) => [make("dt", {}, term), make("dd", {}, ...parts)]),
  );
}

/** The scores of the split that they were measured on. */
function scores(metrics) {
  const names = { f1_micro: "micro F1", f1_macro: "macro F1", jaccard: "Jaccard" };
  const split = ["test", "dev"].find((one) => Number.isFinite(metrics?.[one]?.f1_micro));
  const found = split ? metrics[split] : metrics ?? {};
  const said = Object.entries(names)
    .filter(([key]) => Number.isFinite(found[key]))
    .map(([key, words]) => `${words} ${found[key].toFixed(3)}`);
  return said.length ? [[split ? `Scores on ${split}` : "Scores", [said.join(", ")]]] : [];
}

$("again").addEventListener("click", () => {
  tries = 0;
  repeat?.();
});
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey($("key").value);
  $("key").value = "";
  repeat?.();
});
$("reset").addEventListener("click", () => state.bars?.reset());
start();
