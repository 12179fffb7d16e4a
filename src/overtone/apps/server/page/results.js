/** The results of many texts: what is on how often, a table to sort and page, a CSV to keep. */

import { write } from "./csv.js";
import { decide, percent, shares } from "./decide.js";
import { $, count, listed, make, named, number, say } from "./page.js";
import { drawShares, drawTogether } from "./summary.js";

const PAGE = 25;
const LONGEST = 400; // characters of a text in the table; the download has all

export function startResults(state) {
  let job = null;
  let rows = []; // { place, text, prediction, on }
  let filter = ""; // a label, or all
  let sort = { key: "place", down: false };
  let page = 0;
  let frame = 0;

  const KEYS = {
    place: { head: "Row", of: (row) => row.place },
    text: { head: "Text", of: (row) => row.text },
    on: { head: "Emotions", of: (row) => row.on.length },
    p: { head: "Probability", of: (row) => probability(row) ?? -1 },
  };

  function show(found) {
    job = found;
    filter = "";
    sort = { key: "place", down: false };
    page = 0;
    redecide();
    $("results").hidden = false;
  }

  function hide() {
    cancelAnimationFrame(frame);
    job = null;
    rows = [];
    for (const id of ["rows", "shares", "together", "filter"]) $(id).replaceChildren();
    $("results").hidden = true;
  }

  /** Decides anew, by the thresholds as they are now; while one is dragged, once a frame. */
  function decideSoon() {
    if (!job) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(redecide);
  }

  function redecide() {
    if (!job) return;
    const { labels } = state.model;
    rows = job.texts.slice(0, job.done).map((text, place) => {
      const prediction = job.predictions[place];
      const on = prediction ? decide(labels, prediction, state.thresholds) : [];
      return { place, text, prediction, on };
    });
    const read = rows.filter((row) => row.prediction);
    const sets = read.map((row) => row.on);
    const counts = shares(labels, sets);
    $("results-title").replaceChildren(`${count(rows.length, "text")} of `, named(job.name));
    note(rows.length - read.length, read.filter((row) => row.prediction.truncated).length);
    drawShares(labels, counts, read.length, filter, choose);
    drawTogether(labels, counts, sets);
    const none = sets.filter((set) => !set.length).length;
    $("filter").replaceChildren(
      make("option", { value: "" }, `all texts (${number(rows.length)})`),
      ...labels.map((label, n) => make("option", { value: n }, `${label} (${number(counts[n])})`)),
      make("option", { value: "none" }, `none of the emotions (${number(none)})`),
    );
    $("filter").value = filter;
    draw();
  }

  function note(unread, cut) {
    const parts = [];
    if (unread) parts.push(`${count(unread, "row")} without a text, or with one too long, left out.`);
    if (cut) parts.push(`Of ${count(cut, "text")} the model read only a part.`);
    $("results-note").textContent = parts.join(" ");
    $("results-note").hidden = !parts.length;
  }

  /** Shows the texts with one emotion, or all again where that is shown already. */
  function choose(value) {
    filter = value === filter ? "" : value;
    page = 0;
    redecide();
    say($("shown").textContent);
  }

  const label = () => (filter === "" || filter === "none" ? null : state.model.labels[filter]);

  function probability({ prediction }) {
    if (!prediction) return null;
    const p = prediction.probabilities;
    return label() === null ? Math.max(...state.model.labels.map((one) => p[one])) : p[label()];
  }

  /** The rows that pass the filter, in the order of the moment. */
  function listing() {
    const wanted = label();
    const kept = rows.filter(({ on, prediction }) =>
      wanted !== null ? on.includes(wanted) : filter !== "none" || (prediction && !on.length));
    const { of } = KEYS[sort.key];
    const compare = sort.key === "text"
      ? (one, other) => one.text.localeCompare(other.text)
      : (one, other) => of(one) - of(other);
    kept.sort((one, other) => compare(one, other) * (sort.down ? -1 : 1) || one.place - other.place);
    return kept;
  }

  function draw() {
    const kept = listing();
    const pages = Math.max(1, Math.ceil(kept.length / PAGE));
    page = Math.min(page, pages - 1);
    const from = page * PAGE;
    $("rows").replaceChildren(...kept.slice(from, from + PAGE).map(line));
    drawHeads();
    $("shown").textContent = count(kept.length, "text");
    $("pages").hidden = pages === 1;
    $("page-text").textContent =
      `${number(Math.min(from + 1, kept.length))} to ${number(Math.min(from + PAGE, kept.length))} of ${number(kept.length)}`;
    $("previous").disabled = page === 0;
    $("next").disabled = page === pages - 1;
  }

  function drawHeads() {
    if (!$("heads").childElementCount) {
      for (const [key, { head }] of Object.entries(KEYS)) {
        const button = make("button", { type: "button", class: "head" }, head);
        button.addEventListener("click", () => order(key));
        $("heads").append(make("th", { role: "columnheader", scope: "col", class: `c-${key}` }, button));
      }
    }
    Object.keys(KEYS).forEach((key, n) => {
      const head = $("heads").children[n];
      head.setAttribute("aria-sort", key !== sort.key ? "none" : sort.down ? "descending" : "ascending");
    });
    const words = label() === null ? "Strongest" : label();
    $("heads").lastElementChild.firstElementChild.replaceChildren(named(words));
  }

  function order(key) {
    // Numbers of emotions and probabilities are looked for from the top.
    const first = key === "on" || key === "p";
    sort = { key, down: sort.key === key ? !sort.down : first };
    page = 0;
    draw();
    say(`Sorted by ${$("heads").children[Object.keys(KEYS).indexOf(key)].textContent}, ` +
      `${sort.down ? "descending" : "ascending"}.`);
  }

  function line({ place, text, prediction, on }) {
    const p = probability({ prediction });
    const chips = on.map((one) => make("span", { class: "chip" }, named(one)));
    const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
    const cell = (key, ...content) => make("td", { role: "cell", class: `c-${key}` }, ...content);
    return make(
      "tr", { role: "row" },
      cell("place", number(place + 1)),
      cell("text", make("span", { dir: "auto" }, cut)),
      cell("on", ...(chips.length ? chips : [make("span", { class: "soft" }, prediction ? "none" : "left out")])),
      cell("p", p === null ? "" : percent(p)),
    );
  }

  /** Saves the file's own columns with what was found, named as overtone predict names them. */
  function download() {
    const { labels } = state.model;
    const added = ["labels", ...labels.map((one) => `p_${one}`)];
    const header = [...job.names, ...added.map((name) => free(name, job.names))];
    const body = rows.map(({ place, prediction, on }) => [
      ...job.rows[place],
      on.join(" "),
      ...labels.map((one) => (prediction ? prediction.probabilities[one].toFixed(6) : "")),
    ]);
    // The mark tells spreadsheets that this is UTF-8.
    const blob = new Blob(["\ufeff", write([header, ...body])], { type: "text/csv" });
    const url = URL.createObjectURL(blob);
    const link = make("a", { href: url, download: `${job.name.replace(/\.[^.]*$/, "")}-labelled.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    say("The results were saved as CSV.");
  }

  $("filter").addEventListener("change", () => {
    filter = $("filter").value;
    page = 0;
    redecide();
  });
  $("previous").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("download").addEventListener("click", download);

  function turn(by) {
    page += by;
    draw();
    say(`Texts ${$("page-text").textContent}.`);
  }

  return { show, hide, decide: decideSoon };
}

/** A column name that the file doesn't have. */
function free(name, names) {
  while (names.includes(name)) name += "_";
  return name;
}
