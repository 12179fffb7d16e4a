/** Labels a file of up to 1,000 texts, in batches that can be cancelled and gone on with. */

import { call } from "./api.js";
import { BadFile, columns, decode, read, textColumn } from "./csv.js";
import { $, count, make, named, number, say } from "./page.js";
import { startResults } from "./results.js";

const MOST_ROWS = 1000;
const MOST_BYTES = 20_000_000;
const BATCH = 32; // texts in a request: often enough for a progress bar to move
const BATCH_BYTES = 100_000; // and not too much to compute at once

export function startMany(state) {
  const results = startResults(state);
  let file = null; // { name, raw, table }
  let job = null; // { texts, predictions, left: [why a text was left out] }
  let running = null; // AbortController

  async function open(chosen) {
    if (!chosen || running) return;
    forget();
    try {
      if (chosen.size > MOST_BYTES) {
        throw new BadFile(`This file has ${number(Math.round(chosen.size / 1e6))} MB. ${tooMany()}`);
      }
      const bytes = new Uint8Array(await chosen.arrayBuffer());
      const raw = read(chosen.name, decode(bytes));
      file = { name: chosen.name, raw, table: null };
      $("headed").checked = true;
      choose();
    } catch (error) {
      refuse(error);
    }
  }

  /** Reads columns and rows, and offers to begin. */
  function choose() {
    $("file-trouble").hidden = true;
    try {
      const table = columns(file.raw, $("headed").checked);
      if (table.rows.length > MOST_ROWS) {
        throw new BadFile(`This file has ${count(table.rows.length, "row")}. ${tooMany()}`);
      }
      file.table = table;
    } catch (error) {
      const again = file.table !== null; // the header's box stays in reach
      refuse(error, again);
      $("start").hidden = true;
      if (again) results.hide();
      return;
    }
    const { names, rows } = file.table;
    $("chosen-name").textContent = file.name;
    $("headed-field").hidden = file.raw.header !== null;
    $("column").replaceChildren(
      ...names.map((name, n) => make("option", { value: n }, name.trim() || `column ${n + 1}`)),
    );
    $("column").value = textColumn(file.table);
    $("chosen").hidden = false;
    look();
    say(`${file.name}: ${count(rows.length, "row")}. Choose the column with the texts.`);
  }

  /** Shows the first texts of the column that is chosen. */
  function look() {
    const column = Number($("column").value);
    const texts = file.table.rows.map((cells) => cells[column]);
    job = { texts, predictions: [], names: file.table.names, rows: file.table.rows, name: file.name };
    $("preview").replaceChildren(
      ...texts.filter((text) => text.trim()).slice(0, 3)
        .map((text) => make("li", { dir: "auto" }, text.slice(0, 200))),
    );
    results.hide();
    atRest();
  }

  async function run() {
    if (!state.model || running) return;
    const mine = (running = new AbortController());
    $("file-trouble").hidden = true;
    busy(true);
    say(`Labelling ${count(job.texts.length, "text")}.`);
    try {
      for (const batch of batches(job, state.model.limits)) {
        progress();
        if (batch.texts.length) {
          const answer = await call("v1/predict", {
            body: { texts: batch.texts }, signal: mine.signal, tries: 6,
            onPause: (seconds) => progress(`The server is busy; going on in ${Math.ceil(seconds)} s.`),
          });
          if (state.isAnother(answer)) return void state.reload(); // which forgets the file
          answer.predictions.forEach((found, n) => (job.predictions[batch.places[n]] = found));
        }
        job.done = batch.end;
      }
    } catch (error) {
      if (!mine.signal.aborted) refuse(error, true);
    } finally {
      running = null;
      finish(mine.signal.aborted);
    }
  }

  function finish(cancelled) {
    busy(false);
    if (!file) return;
    atRest();
    const { texts, done = 0 } = job;
    if (done === 0) return;
    results.show(job);
    if (done < texts.length) {
      const why = cancelled ? "Cancelled" : "Stopped";
      $("progress-text").textContent = `${why} after ${number(done)} of ${number(texts.length)}.`;
      say($("progress-text").textContent);
    } else {
      say(`Done: ${count(texts.length, "text")} labelled. The results follow.`);
      $("results-title").focus({ preventScroll: true });
      $("results").scrollIntoView({ block: "start" });
    }
  }

  function busy(yes) {
    for (const id of ["start", "column", "headed", "file"]) $(id).disabled = yes;
    $("cancel").hidden = $("progress").hidden = !yes;
    $("start").hidden = yes;
    if (yes) $("cancel").focus({ preventScroll: true });
    else if (document.activeElement === document.body) $("start").focus({ preventScroll: true });
  }

  function atRest() {
    const { texts, done = 0 } = job;
    const left = texts.length - done;
    $("start").textContent = done && left ? `Go on with ${count(left, "text")}` : `Label ${count(left || texts.length, "text")}`;
    $("start").hidden = left === 0;
    $("progress-text").textContent = "";
  }

  function progress(said) {
    const { texts, done = 0 } = job;
    $("progress").max = texts.length;
    $("progress").value = done;
    $("progress-text").textContent = said ?? `${number(done)} of ${number(texts.length)}`;
  }

  function refuse(error, keep = false) {
    if (!(error instanceof BadFile) && !("advice" in error)) {
      error = new BadFile("This file can't be read. Choose it again, or save it anew as CSV UTF-8.");
    }
    $("file-trouble-text").textContent = error.message;
    $("file-trouble").hidden = false;
    if (!keep) {
      $("chosen").hidden = true;
      results.hide();
    }
  }

  /** Drops the file, its texts and what was found. */
  function forget() {
    running?.abort();
    file = job = null;
    $("file-trouble").hidden = $("chosen").hidden = true;
    results.hide();
  }

  $("file").addEventListener("change", () => {
    open($("file").files[0]);
    $("file").value = ""; // so that the same file can be chosen again
  });
  $("column").addEventListener("change", look);
  $("headed").addEventListener("change", choose);
  $("start").addEventListener("click", run);
  $("cancel").addEventListener("click", () => running?.abort());
  takeDrops(open);
  return { decide: results.decide, forget };
}

function tooMany() {
  return (
    `This page takes ${number(MOST_ROWS)} rows. Split the file, or label all of it with ` +
    "overtone predict MODEL --input FILE --output labelled.csv."
  );
}

/** The job's texts that are still to do, as batches that the server takes. */
export function* batches(job, limits) {
  const encoder = new TextEncoder();
  const room = limits.body_bytes * 0.9 - 100;
  const most = Math.min(BATCH, limits.texts);
  let batch = { texts: [], places: [], end: job.done ?? 0 };
  let bytes = 0;
  for (let place = job.done ?? 0; place < job.texts.length; place++) {
    const text = job.texts[place];
    const size = encoder.encode(JSON.stringify(text)).length + 1;
    const long = size > room || (text.length > limits.characters && [...text].length > limits.characters);
    if (!text.trim() || long) {
      job.predictions[place] = null; // nothing to read, or more than the server takes
    } else {
      if (batch.texts.length === most || bytes + size > Math.min(room, BATCH_BYTES)) {
        yield batch;
        batch = { texts: [], places: [] };
        bytes = 0;
      }
      batch.texts.push(text);
      batch.places.push(place);
      bytes += size;
    }
    batch.end = place + 1;
  }
  yield batch;
}

/** Takes a file that is dropped anywhere on the page. */
function takeDrops(open) {
  const zone = $("drop");
  const files = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const over = (by) => zone.classList.toggle("over", (depth = Math.max(0, depth + by)) > 0);
  addEventListener("dragenter", (event) => files(event) && over(1));
  addEventListener("dragleave", (event) => files(event) && over(-1));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    over(-depth);
    open(event.dataTransfer.files[0]);
  });
}
