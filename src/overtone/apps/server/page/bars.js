/** A bar for each emotion, with a threshold on it that can be dragged: mouse, touch, keyboard. */

import { percent } from "./decide.js";
import { $, make, named } from "./page.js";

const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/**
 * Draws the bars of a model.
 * `thresholds` holds what the user set, by label; `changed` is called when that changes, and
 * `pick` with the label whose name was pressed.
 * Returns { show(probabilities, on), showPicked(label), reset() }.
 */
export function drawBars(model, thresholds, changed, pick) {
  const bars = new Map(model.labels.map((label) => [label, bar(label)]));
  const fitted = (label) => model.thresholds?.[label];
  let shown = null;

  function bar(label) {
    const fill = make("span", { class: "fill" });
    const slider = make("span", {
      class: "slider", role: "slider", tabindex: 0, "aria-label": `Threshold of ${label}`,
      "aria-valuemin": 0, "aria-valuemax": 100,
    });
    const track = make("span", { class: "track" }, make("span", { class: "well" }, fill), slider);
    const value = make("span", { class: "value" });
    const state = make("span", { class: "unseen" });
    const name = make("button", { type: "button", class: "name", "aria-pressed": false }, named(label));
    name.addEventListener("click", () => pick(label));
    const item = make("li", {}, name, track, value, state);
    slider.addEventListener("keydown", (event) => press(event, label));
    slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      slider.setPointerCapture(event.pointerId);
      slider.focus({ preventScroll: true });
      slider.classList.add("held");
      event.preventDefault();
    });
    slider.addEventListener("pointermove", (event) => {
      if (!slider.hasPointerCapture(event.pointerId)) return;
      const { left, width } = track.getBoundingClientRect();
      set(label, Math.round(((event.clientX - left) / width) * 100) / 100);
    });
    slider.addEventListener("lostpointercapture", () => {
      slider.classList.remove("held");
      order();
    });
    return { item, name, fill, slider, value, state };
  }

  function press(event, label) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = Math.round(position(label) * 100);
    if (event.key in STEPS) set(label, (now + STEPS[event.key]) / 100);
    else if (event.key === "Home") set(label, 0);
    else if (event.key === "End") set(label, 1);
    else if (event.key === "Delete" || event.key === "Backspace") set(label, null);
    else return;
    event.preventDefault();
  }

  function set(label, value) {
    if (value === null) thresholds.delete(label);
    else thresholds.set(label, Math.min(1, Math.max(0, value)));
    mark(label);
    changed();
  }

  /** A label's threshold: the user's, the model's, or half-way to begin with where it has none. */
  function position(label) {
    return thresholds.get(label) ?? fitted(label) ?? 0.5;
  }

  function mark(label) {
    const { slider } = bars.get(label);
    const at = position(label);
    const own = thresholds.has(label);
    const none = !own && fitted(label) === undefined;
    slider.style.left = none ? "0" : `${at * 100}%`; // what is not set waits at the bar's start
    slider.classList.toggle("none", none);
    slider.classList.toggle("own", own);
    slider.setAttribute("aria-valuenow", Math.round(at * 100));
    slider.setAttribute(
      "aria-valuetext",
      none ? "not set: the model decides" : `${Math.round(at * 100)} percent${own ? ", yours" : ""}`,
    );
    slider.title = none
      ? "The model decides. Pull to set a threshold."
      : `On above ${Math.round(at * 100)} %. Drag to change.`;
  }

  function order() {
    const labels = [...model.labels];
    if ($("strongest").checked && shown) labels.sort((one, other) => shown[other] - shown[one]);
    const list = $("bars");
    if ([...list.children].every((item, n) => item === bars.get(labels[n])?.item)
      && list.childElementCount === labels.length) return;
    const focused = document.activeElement;
    list.replaceChildren(...labels.map((label) => bars.get(label).item));
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  }

  function show(probabilities, on) {
    shown = probabilities;
    for (const [label, { item, fill, value, state }] of bars) {
      const p = probabilities?.[label] ?? 0;
      fill.style.width = `${p * 100}%`;
      value.textContent = probabilities ? percent(p) : "";
      state.textContent = !probabilities ? "" : on.includes(label) ? ", on" : ", off";
      item.classList.toggle("on", on.includes(label));
    }
    if (!document.querySelector(".slider.held")) order();
  }

  /** Shows whose words are shown; null where none's are. */
  function showPicked(picked) {
    for (const [label, { name }] of bars) name.setAttribute("aria-pressed", label === picked);
  }

  function reset() {
    thresholds.clear();
    model.labels.forEach(mark);
    changed();
  }

  $("bars").classList.toggle("long", model.labels.length > 14);
  $("strongest").onchange = order;
  model.labels.forEach(mark);
  show(null, []);
  return { show, showPicked, reset };
}
