/** Talks to the server; whatever goes wrong becomes a Trouble in plain words. */

const LONGEST_ANSWER = 60_000; // milliseconds
const LONGEST_PAUSE = 10; // seconds, whatever Retry-After says

/** What went wrong and what to do; `kind` is away, busy, key, refused or broken, `type` the problem's. */
export class Trouble extends Error {
  constructor(kind, title, advice, type = "") {
    super(`${title} ${advice}`);
    Object.assign(this, { kind, title, advice, type });
  }
}

let key = ""; // an API key lives as long as the page

export function useKey(text) {
  key = text.trim();
}

/**
 * GET `path`, or POST `body` to it, and return the answer's JSON.
 * A busy server (503) is asked again after the pause that it names, `tries` times in all.
 */
export async function call(path, { body, signal, tries = 4, onPause } = {}) {
  for (let attempt = 1; ; attempt++) {
    const response = await send(path, body, signal);
    if (response.ok) return read(response);
    if (response.status !== 503 || attempt === tries) throw await trouble(response);
    const seconds = pauseOf(response.headers.get("Retry-After"), attempt);
    onPause?.(seconds);
    await pause(seconds, signal);
  }
}

async function send(path, body, signal) {
  const limit = AbortSignal.timeout(LONGEST_ANSWER);
  const headers = { Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw away(error.name === "TimeoutError");
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (error.name !== "SyntaxError") throw away(error.name === "TimeoutError");
    throw new Trouble(
      "broken", "The server's answer makes no sense.",
      "Something between this page and the server may have changed it: check the address.",
    );
  }
}

function away(slow) {
  return slow
    ? new Trouble("away", "The server took too long.", "Try again, with fewer or shorter texts.")
    : new Trouble(
        "away", "The server doesn't answer.",
        "Check that overtone serve is running and that you are online.",
      );
}

async function trouble(response) {
  const { title, detail, type } = await response.json().catch(() => ({}));
  const said = [title, detail].filter((part) => typeof part === "string" && part).join(": ");
  switch (response.status) {
    case 401:
    case 403:
      return new Trouble("key", "The server wants an API key.", "Enter the one you were given.");
    case 503:
      return new Trouble("busy", "The server is busy.", "Wait a little, then try again.");
    case 504:
      return new Trouble("busy", "The server ran out of time.", "Try again with fewer texts.");
  }
  return new Trouble(
    "refused",
    `The server refused the request (${response.status}).`,
    said ? said.slice(0, 500) : "Look at the server's log for the reason.",
    type,
  );
}

/** Seconds to wait: what Retry-After says, within bounds; without it, longer every time. */
export function pauseOf(header, attempt) {
  const said = header === null ? NaN : Number(header);
  return Math.min(LONGEST_PAUSE, Math.max(0.3, Number.isFinite(said) ? said : 2 ** (attempt - 1)));
}

export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal?.aborted) return void reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
