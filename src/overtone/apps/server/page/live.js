/** Says what is in the text box while one types. */

import { call } from "./api.js";
import { decide, inWords } from "./decide.js";
import { $, listed, make, number, say } from "./page.js";

const EXAMPLES = [
  "We did it! Three years of evenings and weekends, and today the doors open.",
  "The train is late again, and nobody tells us why.",
  "I can't sleep. The results come tomorrow and I fear the worst.",
  "She kept every letter he wrote. I cried when I found the box.",
  "Wait, you flew in just for my birthday? I love you all!",
  "The meeting has moved to room 12.",
];
const PAUSE = 200; // milliseconds without a key before the server is asked

export function startLive(state) {
  const box = $("text");
  let timer = 0;
  let asked = null; // the AbortController of the request on its way
  let prediction = null;

  /** Asks about the box's text; an older question is dropped. */
  async function ask() {
    clearTimeout(timer);
    asked?.abort();
    asked = null;
    const text = box.value.toWellFormed?.() ?? box.value;
    if (!state.model) return;
    if (!text.trim()) return show(null, null);
    const { characters } = state.model.limits;
    const length = [...text].length;
    if (length > characters) {
      show(null, null);
      note(`Too long: ${number(length)} characters, and the server takes ${number(characters)}.`);
      return;
    }
    const mine = (asked = new AbortController());
    $("answer").setAttribute("aria-busy", "true");
    try {
      const answer = await call("v1/predict", {
        body: { texts: [text] },
        signal: mine.signal,
        onPause: () => note("The server is busy; asking again."),
      });
      if (asked !== mine) return;
      state.answered();
      if (state.isAnother(answer)) state.reload();
      else show(answer.predictions[0], text);
    } catch (error) {
      if (asked !== mine) return;
      show(null, null);
      state.failed(error, () => (state.model ? ask() : state.reload()));
    } finally {
      if (asked === mine) {
        asked = null;
        $("answer").setAttribute("aria-busy", "false");
      }
    }
  }

  function show(found, text) {
    prediction = found;
    state.why.follow(text);
    $("answer").setAttribute("aria-busy", "false");
    note(found?.truncated ? "The model reads only a part of so long a text." : "");
    redecide();
  }

  /** Decides about the answer that is there, by the thresholds as they are now. */
  function redecide() {
    const line = $("found");
    if (!prediction) {
      state.bars?.show(null, []);
      line.className = "found empty";
      line.replaceChildren(box.value.trim() ? "…" : "Type a text, or take an example.");
      return;
    }
    const on = decide(state.model.labels, prediction, state.thresholds);
    state.bars.show(prediction.probabilities, on);
    line.className = on.length ? "found" : "found none";
    line.replaceChildren(...(on.length ? listed(on) : ["none of these emotions"]));
    // Not at every key: once one has stopped.
    say(`In this text: ${on.length ? inWords(on) : "none of these emotions"}.`, 700);
  }

  function note(text) {
    $("found-note").textContent = text;
    $("found-note").hidden = !text;
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    if (!box.value.trim()) ask();
    else timer = setTimeout(ask, PAUSE);
  });
  $("examples").append(
    ...EXAMPLES.map((text) => {
      const button = make("button", { type: "button", class: "example" }, text);
      button.addEventListener("click", () => {
        box.value = text;
        ask();
      });
      return make("li", {}, button);
    }),
  );
  redecide();
  return { ask, decide: redecide };
}
