"use strict";

// The pages work without this file: it adds keys, and finding in what is shown.

const isWriting = (place) => place.matches("input, textarea, select") || place.isContentEditable;

let isGoing = false; // after a g, until the next key

const KEYS = {
  "/": () => {
    const query = document.getElementById("query");
    if (!query) return false;
    query.focus();
    query.select();
    return true;
  },
  "?": () => follow('footer a[href="/keys"]'),
  n: () => follow('a[rel="next"]'),
  g: () => (isGoing = true),
};

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
  return Boolean(link);
}

document.addEventListener("keydown", (pressed) => {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || isWriting(pressed.target)) return;
  const wasGoing = isGoing && /^[a-z]$/.test(pressed.key);
  isGoing = false;
  const isTaken = wasGoing
    ? follow(`nav [data-key="${pressed.key}"]`)
    : Object.hasOwn(KEYS, pressed.key) && KEYS[pressed.key]();
  if (isTaken) pressed.preventDefault();
});

const FOUND_MAX = 500;

// Marks are made of text nodes only: what is searched is never read as markup.
function find(pre, wanted) {
  const text = pre.textContent;
  const parts = document.createDocumentFragment();
  const lower = text.toLowerCase();
  const sought = wanted.toLowerCase();
  let from = 0;
  let count = 0;
  // Some letters change their length with their case, and then places would not agree.
  const isSafe = sought && lower.length === text.length;
  for (let at = isSafe ? lower.indexOf(sought) : -1; at >= 0 && count < FOUND_MAX; count += 1) {
    parts.append(text.slice(from, at));
    const mark = document.createElement("mark");
    mark.textContent = text.slice(at, at + sought.length);
    parts.append(mark);
    from = at + sought.length;
    at = lower.indexOf(sought, from);
  }
  parts.append(text.slice(from));
  pre.replaceChildren(parts);
  const first = pre.querySelector("mark");
  if (first) first.scrollIntoView({ block: "nearest" });
  return count;
}

document.addEventListener("input", (changed) => {
  if (!changed.target.matches("[data-find]")) return;
  const payload = changed.target.closest(".payload");
  const count = find(payload.querySelector("pre"), changed.target.value);
  const told = payload.querySelector(".found");
  const counted = count === FOUND_MAX ? `${FOUND_MAX} or more` : String(count);
  told.textContent = changed.target.value ? `${counted} found` : "";
});

// A stream that is refused for want of a session: the whole page has to sign in again.
document.addEventListener("htmx:sse:error", (failed) => {
  if (failed.detail.status === 401) location.reload();
});
