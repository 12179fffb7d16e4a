/** The few things that every part of the page needs: elements, texts, what is said aloud. */

export const $ = (id) => document.getElementById(id);

/** A new element; what is put in is text, never HTML. */
export function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content.map((part) => (part instanceof Node ? part : String(part))));
  return element;
}

/** A name from outside, which may run from right to left. */
export const named = (text) => make("bdi", {}, text);

/** Like Intl.ListFormat, but each name an element of its own. */
export function listed(names) {
  return names.flatMap((name, n) => {
    const before = n === 0 ? [] : [n === names.length - 1 ? " and " : ", "];
    return [...before, named(name)];
  });
}

let timer = 0;

/** Has a screen reader say something once nothing newer came for `quiet` milliseconds. */
export function say(text, quiet = 0) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if ($("status").textContent !== text) $("status").textContent = text;
  }, quiet);
}

export const number = (value) => value.toLocaleString("en-GB");

/** "1 row", "1,000 rows". */
export const count = (n, noun) => `${number(n)} ${noun}${n === 1 ? "" : "s"}`;
