/** Tables to and from text: CSV (RFC 4180), TSV, JSON Lines. No DOM here. */

/** A file that can't be read as a table; the message says where and what to do. */
export class BadFile extends Error {}

const TEXT_NAMES = ["text", "tweet", "comment", "comment_text", "sentence", "content", "message"];

/** The text of a file's bytes: UTF-8, or UTF-16 where its mark says so. */
export function decode(bytes) {
  const utf16 = [["utf-16le", 0xff, 0xfe], ["utf-16be", 0xfe, 0xff]];
  const [name] = utf16.find(([, a, b]) => bytes[0] === a && bytes[1] === b) ?? ["utf-8"];
  try {
    return new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch {
    const before = new TextDecoder(name).decode(bytes).split("\ufffd", 1)[0];
    throw new BadFile(
      `Line ${lines(before) + 1} holds bytes that are no ${name.toUpperCase()} text. ` +
        "Save the file as “CSV UTF-8” in your spreadsheet.",
    );
  }
}

/** The table in a file: { header: [names] or null, rows: [{ line, cells }] }. */
export function read(name, text) {
  const kind = name.toLowerCase().match(/\.(csv|tsv|jsonl|ndjson)$/)?.[1];
  if (!kind) {
    throw new BadFile(
      "This kind of file isn't read here. Save it as .csv, .tsv or .jsonl (one object a line).",
    );
  }
  if (text.includes("\0")) throw new BadFile("This is no text file. Save it as CSV UTF-8.");
  const table = kind.endsWith("n") || kind === "jsonl" ? objects(text) : null;
  const rows = table?.rows ?? (kind === "tsv" ? tabbed(text) : parse(text, separatorOf(text)));
  if (!rows.length) throw new BadFile("There are no rows in this file.");
  return { header: table?.header ?? null, rows };
}

/** The rows of CSV as [{ line, cells }]; blank lines are left out. */
export function parse(text, separator = ",") {
  const plain = new RegExp(`[^${separator}\\r\\n]*`, "y");
  const end = /\r\n|\r|\n/y;
  const rows = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const cells = [];
    const first = line;
    const from = at;
    for (;;) {
      if (text[at] === '"') {
        let cell = "";
        for (let more = true; more; ) {
          const close = text.indexOf('"', at + 1);
          if (close < 0) {
            throw new BadFile(
              `Line ${line}: a quote opens here and never closes. ` +
                'Close it, and write a quote inside a text as "".',
            );
          }
          cell += text.slice(at + 1, close);
          at = close + 1;
          more = text[at] === '"';
          if (more) cell += '"';
        }
        line += lines(cell);
        if (at < text.length && ![separator, "\r", "\n"].includes(text[at])) {
          throw new BadFile(
            `Line ${line}: something stands after a closing quote. ` +
              'Write a quote inside a text as "".',
          );
        }
        cells.push(cell);
      } else {
        plain.lastIndex = at;
        const cell = plain.exec(text)[0];
        cells.push(cell);
        at += cell.length;
      }
      if (text[at] !== separator) break;
      at++;
    }
    const blank = cells.length === 1 && at === from;
    end.lastIndex = at;
    at += end.exec(text)?.[0].length ?? 0;
    line++;
    if (!blank) rows.push({ line: first, cells });
  }
  return rows;
}

/** The separator that the first line holds most of, outside quotes. */
export function separatorOf(text) {
  const head = text.slice(0, 65_536).replace(/"(?:[^"]|"")*("|$)/g, "").split(/[\r\n]/).find((line) => line) ?? "";
  const count = (separator) => head.split(separator).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** TSV, in which quotes mean nothing, as everywhere in overtone. */
function tabbed(text) {
  return text
    .split(/\r\n|\r|\n/)
    .map((content, index) => ({ line: index + 1, cells: content.split("\t") }))
    .filter(({ cells }) => cells.length > 1 || cells[0]);
}

/** JSON Lines: an object a line, or a string a line. */
function objects(text) {
  const names = new Map();
  const found = [];
  text.split(/\r\n|\n/).forEach((content, index) => {
    if (!content.trim()) return;
    let value;
    try {
      value = JSON.parse(content);
    } catch {
      throw new BadFile(`Line ${index + 1} is no JSON. Each line needs one whole object.`);
    }
    if (typeof value === "string") value = { text: value };
    if (typeof value !== "object" || !value || Array.isArray(value)) {
      throw new BadFile(`Line ${index + 1}: expected an object such as {"text": "…"}.`);
    }
    for (const name of Object.keys(value)) if (!names.has(name)) names.set(name, names.size);
    found.push([index + 1, value]);
  });
  const header = [...names.keys()];
  const rows = found.map(([line, value]) => ({
    line,
    cells: header.map((name) => {
      const cell = Object.hasOwn(value, name) ? value[name] : "";
      return typeof cell === "string" ? cell.toWellFormed?.() ?? cell : JSON.stringify(cell);
    }),
  }));
  return { header, rows };
}

/** Names the columns, and checks that every row has as many cells. */
export function columns({ header, rows }, headed) {
  const names = header ?? (headed ? rows[0].cells : rows[0].cells.map((_, n) => `column ${n + 1}`));
  const below = !header && headed ? rows.slice(1) : rows;
  const odd = below.find(({ cells }) => cells.length !== names.length);
  if (odd) {
    const found = odd.cells.length;
    throw new BadFile(
      `Line ${odd.line} has ${found} cell${found === 1 ? "" : "s"}, the first line ${names.length}. ` +
        "A text that holds the separator must stand in quotes.",
    );
  }
  if (!below.length) throw new BadFile("There are no rows below the header.");
  return { names, rows: below.map(({ cells }) => cells) };
}

/** The column that holds the texts: one of a usual name, else that with the longest cells. */
export function textColumn({ names, rows }) {
  const usual = names.findIndex((name) => TEXT_NAMES.includes(name.trim().toLowerCase()));
  if (usual >= 0) return usual;
  const long = names.map((_, n) => rows.reduce((sum, cells) => sum + cells[n].length, 0));
  return long.indexOf(Math.max(...long));
}

/** CSV for people: what a spreadsheet would take for a formula gets a quote before it. */
export function write(rows) {
  return rows.map((cells) => `${cells.map((cell) => quote(guard(cell))).join(",")}\r\n`).join("");
}

export function guard(cell) {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  return /^[=+\-@\t\r\n]/.test(cell) && !number.test(cell) ? `'${cell}` : cell;
}

function quote(cell) {
  return /[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function lines(text) {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}
