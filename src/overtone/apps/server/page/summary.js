/** Charts of many texts, made of plain elements: shares as bars, co-occurrence as a heat map. */

import { percent, together } from "./decide.js";
import { $, make, named, number } from "./page.js";

const MOST = 12; // labels in the heat map

/** A bar a label, the most frequent first; pressing one chooses its number, as a string. */
export function drawShares(labels, counts, texts, chosen, choose) {
  const order = labels.map((_, n) => n).sort((one, other) => counts[other] - counts[one]);
  const focused = document.activeElement?.dataset.label;
  $("shares").replaceChildren(
    ...order.map((n) => {
      const share = texts ? counts[n] / texts : 0;
      const fill = make("span", { class: "fill" });
      fill.style.width = `${share * 100}%`;
      const button = make(
        "button",
        { type: "button", "data-label": n, "aria-pressed": String(chosen === String(n)) },
        make("span", { class: "name" }, named(labels[n])),
        make("span", { class: "track" }, make("span", { class: "well" }, fill)),
        make("span", { class: "value" }, `${number(counts[n])} · ${percent(share)}`),
      );
      button.addEventListener("click", () => choose(String(n)));
      return make("li", {}, button);
    }),
  );
  if (focused) $("shares").querySelector(`[data-label="${Number(focused)}"]`)?.focus();
}

/** Of the texts with a row's label, the share that have the column's; labels that occur only. */
export function drawTogether(labels, counts, sets) {
  const table = together(labels, sets);
  const by = labels.map((_, n) => n).filter((n) => counts[n]).sort((a, b) => counts[b] - counts[a]);
  const there = by.slice(0, MOST).sort((one, other) => one - other);
  $("together-note").textContent = by.length > MOST ? `The ${MOST} most frequent.` : "";
  if (there.length < 2) {
    $("together").replaceChildren(make("p", { class: "soft" }, "Fewer than two emotions are on."));
    return;
  }
  const heads = there.map((n) =>
    make("th", { scope: "col" }, make("span", {}, named(labels[n]))));
  const body = there.map((row) =>
    make("tr", {}, make("th", { scope: "row" }, named(labels[row])),
      ...there.map((column) => cell(row === column ? null : table[row][column] / counts[row]))));
  $("together").replaceChildren(
    make("table", { class: "heat", "aria-labelledby": "together-title" },
      make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...body)),
  );
}

function cell(share) {
  if (share === null) return make("td", { class: "self" }, "·");
  const found = make("td", {}, share ? Math.round(share * 100) : "");
  found.style.setProperty("--share", `${Math.round(share * 100)}%`);
  return found;
}
