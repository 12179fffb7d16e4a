/** Shows which words pushed for and against the emotion that is picked. */

import { call } from "./api.js";
import { $, make, named, say } from "./page.js";

const PAUSE = 500; // milliseconds that a text stays the same before its words are asked for
const LEAST = 0.1; // of the strongest push: what pushes less is left plain
const NAMED = 8; // words that are named a side

export function startWhy(state) {
  let picked = null; // an emotion
  let text = null; // the one whose emotions are shown
  let answer = null; // the words of `text`, for all emotions
  let trouble = "";
  let asked = null; // the AbortController of the request on its way
  let timer = 0;

  /** Picks an emotion, or none where it was the one. */
  function pick(label) {
    picked = label === picked ? null : label;
    state.bars?.showPicked(picked);
    ask(0);
    if (picked !== null) $("why").scrollIntoView({ block: "nearest" });
  }

  /** Takes on another text, or null where there is none. */
  function follow(newer) {
    if (newer !== text) {
      asked?.abort();
      asked = answer = null;
      trouble = "";
      text = newer;
    }
    ask(PAUSE);
  }

  function forget() {
    picked = null;
    text = null;
    follow(null);
  }

  function ask(wait) {
    clearTimeout(timer);
    draw();
    if (picked !== null && text !== null && !answer && !asked) timer = setTimeout(send, wait);
  }

  async function send() {
    const mine = (asked = new AbortController());
    draw();
    try {
      const { labels } = state.model;
      const found = await call("v1/explain", { body: { text, labels }, signal: mine.signal });
      if (asked !== mine) return;
      [answer, trouble] = [found, ""];
    } catch (error) {
      if (asked !== mine) return;
      if (!("advice" in error)) throw error;
      trouble = error.type?.endsWith(":too-many-words")
        ? "This text is too long to look at every word of it. Try a part of it."
        : `${error.title} ${error.advice}`;
    } finally {
      if (asked === mine) {
        asked = null;
        draw();
        if (picked !== null) say($("why-sides").textContent || $("why-note").textContent, 700);
      }
    }
  }

  function draw() {
    const shown = picked !== null && text !== null;
    $("why").hidden = !shown;
    if (!shown) return;
    $("why").setAttribute("aria-busy", String(Boolean(asked)));
    $("why-title").replaceChildren("Words for and against ", named(picked));
    const pushes = answer?.words.map((word) => word.push[picked]) ?? [];
    const most = Math.max(0, ...pushes.map(Math.abs));
    $("why-text").replaceChildren(...(answer ? coloured(most) : [text]));
    $("why-sides").replaceChildren(...(most ? [...side("For", 1, most), ...side("Against", -1, most)] : []));
    const note = trouble || (answer && !most ? "No single word makes a difference." : "");
    $("why-note").textContent = note;
    $("why-note").hidden = !note;
  }

  /** The text, its words marked by what they push. */
  function coloured(most) {
    const characters = [...text]; // code points, as the server counts
    const parts = [];
    let place = 0;
    for (const { start, end, push } of answer.words) {
      parts.push(characters.slice(place, start).join(""));
      parts.push(marked(characters.slice(start, end).join(""), push[picked], most));
      place = end;
    }
    return [...parts, characters.slice(place).join("")];
  }

  function marked(word, push, most) {
    if (!most || Math.abs(push) < LEAST * most) return word;
    const mark = make("span", { class: push > 0 ? "for" : "against" }, word);
    mark.style.setProperty("--much", `${Math.round((45 * Math.abs(push)) / most)}%`);
    return mark;
  }

  /** "For: happy +3.9, so +0.4." in elements. */
  function side(name, sign, most) {
    const words = answer.words
      .filter(({ push }) => push[picked] * sign >= LEAST * most)
      .sort((one, other) => (other.push[picked] - one.push[picked]) * sign)
      .slice(0, NAMED);
    if (!words.length) return [];
    const list = words.flatMap(({ text: word, push }, n) => {
      const number = Math.abs(push[picked]).toFixed(1);
      return [n ? ", " : " ", named(word), ` ${sign > 0 ? "+" : "−"}${number}`];
    });
    const head = make("strong", { class: sign > 0 ? "for" : "against" }, name);
    return [make("p", {}, head, ":", ...list, ".")];
  }

  return { pick, follow, forget };
}
