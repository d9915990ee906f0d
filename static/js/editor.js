// Keeps what is typed in a page's editor, and shows the page beside it. Without this, Save sends all.
const form = document.getElementById("edit");
const status = form.querySelector("[role=status]");
const { csrfmiddlewaretoken: token, _opened, _shown, _person } = form.elements;
const { autosave, preview } = form.dataset;
const MOST = 60_000; // bytes: a request that outlives its page ends at 64 KiB, all of them together

// Parts that go together: the server reads the list of sources, and each of them, at once.
const parts = new Map();
function findParts() {
  parts.clear();
  for (const part of form.querySelectorAll(".part")) {
    const group = part.id.startsWith("source") ? "sources" : part.id;
    parts.set(group, [...(parts.get(group) ?? []), part]);
  }
}
findParts();
const isNew = (field) => /^\w+_new(-|$)/.test(field.name); // made by its button, or by Save
const isOn = (field, property) => !/^(checkbox|radio)$/.test(field.type) || field[property];
const fields = (group) =>
  parts
    .get(group)
    .flatMap((part) => [...part.querySelectorAll("input, textarea")])
    .filter((field) => field.name && !field.disabled && !isNew(field));
const pairs = (group) =>
  fields(group).flatMap((field) => (isOn(field, "checked") ? [[field.name, field.value]] : []));
const textOf = (group) => JSON.stringify(pairs(group));
const before = (group) =>
  fields(group).flatMap((field) =>
    isOn(field, "defaultChecked")
      ? [[field.name, field.type === "radio" || field.type === "checkbox" ? field.value : field.defaultValue]]
      : [],
  );

const kept = new Map(); // by group, what the server has of it, as text
let flying = new Map(); // what is on its way there
let flight = null;
let stop; // ends what is on its way
let timer;
let wait = 2; // seconds
let state = "";
const sent = new Map(); // by group, what a button sends: no answer may come

for (const group of parts.keys()) kept.set(group, JSON.stringify(before(group)));

// A browser fills in again what was typed, after a reload or by Back: with it belong the hashes of then.
const hashesThen = history.state?.hashes;
function remember() {
  history.replaceState({ hashes: [_opened.value, _shown.value] }, "");
}
if (hashesThen) {
  for (const [field, text] of [[_opened, hashesThen[0]], [_shown, hashesThen[1]]]) {
    const now = JSON.parse(field.value);
    const then = JSON.parse(text);
    for (const group of changed()) {
      for (const { id } of parts.get(group)) if (id in then) now[id] = then[id];
    }
    field.value = JSON.stringify(now);
  }
}
remember();
addEventListener("hashchange", remember);

// The entry in hand.
function mark() {
  const pane = [...form.querySelectorAll(".pane")].find((each) => each.getClientRects().length);
  for (const link of form.querySelectorAll(".outline a")) link.ariaCurrent = pane.contains(document.getElementById(link.hash.slice(1)));
}
addEventListener("pageshow", mark); // only then is it known
addEventListener("hashchange", mark);

function changed() {
  return [...parts.keys()].filter((group) => ![kept.get(group), sent.get(group)].includes(textOf(group)));
}

// What no autosave takes.
function newText() {
  const typed = [...form.elements].filter((field) => isNew(field) && isOn(field, "checked") && field.value);
  return typed.map((field) => field.value).join("\n");
}

// Each state is said once, not with each key.
function tell(now, time = "") {
  const words = form.dataset[now].replace("{time}", time);
  if (state === words) return;
  state = words;
  status.textContent = words;
}

function bodyOf(groups, most = Infinity) {
  const data = new FormData();
  const taken = new Map();
  const ids = [];
  let size = 2_000;
  for (const group of groups) {
    const text = textOf(group);
    const names = parts.get(group).map((part) => part.id);
    const bytes = new Blob([text]).size + 150 * fields(group).length + 120 * names.length;
    if (size + bytes > most) continue;
    size += bytes;
    taken.set(group, text);
    ids.push(...names);
    for (const [name, value] of pairs(group)) data.append(name, value);
  }
  for (const field of [_opened, _shown]) {
    const all = JSON.parse(field.value);
    data.append(field.name, JSON.stringify(Object.fromEntries(ids.map((id) => [id, all[id]]))));
  }
  for (const field of [token, _person]) data.append(field.name, field.value);
  return { data, taken, isSmall: size < MOST };
}

function post(address, body, kind, keepalive = false, control = new AbortController()) {
  setTimeout(() => control.abort(), 20_000);
  return fetch(address, {
    method: "POST",
    body,
    keepalive,
    redirect: "manual",
    headers: { "X-Background": kind },
    signal: control.signal,
  });
}

function later(seconds) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    sent.clear();
    save();
  }, seconds * 1000);
}

function save(most) {
  clearTimeout(timer);
  if (flight || !changed().length) return;
  const mine = send((stop = new AbortController()), most).finally(() => {
    if (flight !== mine) return; // a newer one took its place
    flight = null;
    if (changed().length) later(wait);
  });
  flight = mine;
}

async function send(control, most) {
  const fitting = bodyOf(changed(), most);
  const { data, taken, isSmall } = fitting.taken.size ? fitting : bodyOf(changed());
  flying = taken;
  let answer;
  let found;
  try {
    answer = await post(autosave, data, "typed", isSmall, control);
    if (answer.type === "opaqueredirect") return await signInAgain();
    found = answer.ok && (await answer.json());
  } catch {
    if (control !== stop) return;
    wait = Math.min(wait * 2, 15);
    return tell("offline");
  }
  if (answer.status === 409) return someoneElse();
  wait = found ? 2 : 15;
  if (found) take(found, taken);
  else tell("refused");
}

// A new session has a new token. That of another person is none of ours.
async function signInAgain() {
  tell("out");
  wait = 15;
  const signal = AbortSignal.timeout(20_000);
  const request = { redirect: "manual", headers: { "X-Background": "1" }, signal };
  const answer = await fetch(location.pathname, request);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const theirs = page.getElementById("edit")?.elements;
  if (theirs?._person?.value !== _person.value) return someoneElse();
  token.value = theirs.csrfmiddlewaretoken.value;
  wait = 0;
}

function someoneElse() {
  wait = 15;
  tell("other");
}

function take({ at, shown, absent, values, findings, contents }, taken) {
  const all = JSON.parse(_shown.value);
  const opened = JSON.parse(_opened.value);
  for (const [group, text] of taken) {
    kept.set(group, text);
    for (const { id } of parts.get(group)) {
      // What was put together with another tab's stands in the fields, or its hash is not ours.
      if (id in values && !put(id, values[id], group, text)) continue;
      if (!(id in shown)) continue;
      all[id] = shown[id];
      opened[id] ??= absent; // added here: the draft has none
    }
  }
  _opened.value = JSON.stringify(opened);
  _shown.value = JSON.stringify(all);
  remember();
  tell(at ? "kept" : "same", at);
  const outline = form.querySelector(".outline");
  if (!outline.contains(document.activeElement)) {
    outline.innerHTML = new DOMParser().parseFromString(contents, "text/html").querySelector("nav").innerHTML;
    mark();
  }
  for (const place of form.querySelectorAll(".found")) {
    place.innerHTML = findings[place.parentElement.id] ?? "";
  }
}

function put(id, value, group, text) {
  if (textOf(group) !== text) return false; // typed on meanwhile
  const isText = typeof value === "string";
  if (!isText && (!value || Array.isArray(value))) return false;
  const named = Object.entries(isText ? { [id]: value } : value);
  const found = named.map(([name, each]) => [form.elements[isText ? name : `${id}-${name}`], each]);
  if (!found.every(([field, each]) => field?.matches?.("[type=text], textarea") && typeof each === "string")) return false;
  for (const [field, each] of found) field.value = each;
  kept.set(group, textOf(group));
  return true;
}

// What is on its way and older than what stands here ends, or it could come after that.
function leave() {
  if (flight && changed().some((group) => flying.get(group) !== textOf(group))) {
    stop.abort();
    flight = null;
  }
  save(MOST);
}

form.addEventListener("input", () => {
  document.querySelector(".messagelist")?.remove(); // it told of what was there before
  later(2);
  lookSoon();
});
form.addEventListener("submit", (event) => {
  if (!navigator.onLine) {
    event.preventDefault();
    tell("offline");
  } else if (flight) {
    event.preventDefault(); // or what is on its way could come after it
    flight.finally(() => form.requestSubmit(event.submitter));
  } else {
    for (const group of parts.keys()) sent.set(group, textOf(group));
    sent.set("new", newText());
    later(20);
  }
});
// Where these lead, it is told what was typed.
form.querySelector(".links").addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !(flight || changed().length)) return;
  event.preventDefault();
  await Promise.race([flight, new Promise((done) => setTimeout(done, 3_000))]);
  save();
  await Promise.race([flight, new Promise((done) => setTimeout(done, 3_000))]);
  location.href = link.href;
});
addEventListener("beforeunload", (event) => {
  const made = document.querySelectorAll("[data-new] input");
  const isTold = ["", sent.get("new")].includes(newText()) && ![...made].some((field) => field.value);
  if (isTold && !changed().length) return;
  event.preventDefault();
  save();
});
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") leave();
  else save();
});
addEventListener("pageshow", () => {
  sent.clear();
  save();
});
addEventListener("online", () => save());
addEventListener("focus", () => save());

// Who else has the page open, and that we have.
const here = form.querySelector(".here");
async function tellWeAreHere() {
  if (document.hidden) return;
  const body = new FormData();
  body.append(token.name, token.value);
  body.append("part", document.activeElement.closest(".part")?.id ?? location.hash.slice(1));
  const answer = await post(here.dataset.address, body, "1").catch(() => null);
  const told = answer?.ok ? (await answer.json()).here : here.textContent;
  if (told !== here.textContent) here.textContent = told; // or it would be read out again
}
setInterval(tellWeAreHere, 20_000);
document.addEventListener("visibilitychange", tellWeAreHere);
tellWeAreHere();

// The page as patients would see it. No script runs in the frame; we answer its clicks.
const frame = document.getElementById("live-preview");
let lookTimer;
let looks = 0;
let newest = 0; // the look that is shown

async function look() {
  if (!frame.getClientRects().length) return; // no room for it
  const number = ++looks;
  const answer = await post(preview, new FormData(form), "1").catch(() => null);
  if (!answer?.ok) return;
  const html = await answer.text();
  if (number < newest) return; // answers come in any order
  newest = number;
  const shown = frame.contentDocument?.querySelector("main");
  if (shown) shown.replaceWith(new DOMParser().parseFromString(html, "text/html").querySelector("main"));
  else frame.srcdoc = html;
}
function lookSoon() {
  clearTimeout(lookTimer);
  lookTimer = setTimeout(look, 600);
}
frame.addEventListener("load", () => {
  const page = frame.contentDocument;
  page.addEventListener("click", (event) => {
    const link = event.target.closest("a, area, button");
    if (link) event.preventDefault(); // it would open in the frame, where nothing may
    const to = link?.getAttribute("href") ?? "";
    if (to.startsWith("#")) bringUp(to.slice(1));
    const id = event.target.closest("section[id]")?.id ?? "";
    const part = `section-${id.replaceAll("-", "_")}`;
    if (!link && parts.has(part)) location.hash = part;
  });
});
addEventListener("resize", () => frame.contentDocument?.querySelector("main") || lookSoon());
// The frame goes along to the section in hand.
function follow() {
  const id = location.hash.slice(1).replace("section-", "").replaceAll("_", "-");
  if (id) bringUp(id);
}
// Not scrollIntoView, which would scroll the editor too.
function bringUp(id) {
  const found = frame.contentDocument?.getElementById(id);
  if (found) frame.contentWindow.scrollBy(0, found.getBoundingClientRect().top);
}
frame.addEventListener("load", follow);
addEventListener("hashchange", follow);
frame.parentElement.hidden = false;
look();

for (const button of form.querySelectorAll(".widths button")) {
  const choose = () => {
    localStorage.previewWidth = button.value;
    frame.parentElement.classList.toggle("at-desk", button.value === "desk");
    for (const each of button.parentElement.children) each.setAttribute("aria-pressed", each === button);
    setTimeout(follow); // to where it is at this width
  };
  button.addEventListener("click", choose);
  if (button.value === (localStorage.previewWidth ?? "phone")) choose();
}

// What the buttons of lists say is done here. What is removed stays, switched off, until the page is left.
const said = document.getElementById("done");
const itemOf = (button) => button.closest("li, .item, .part");
const fieldsOf = (item) => [...item.querySelectorAll("input, textarea")];
const blank = (name, key) => document.getElementById(`new-${name}`).innerHTML.trim().replaceAll("__key__", key);
const chosen = (name) => form.elements[name].selectedOptions[0];
const kindOf = (kind) => form.querySelector(`[name=section_new][value="${kind}"]`).parentElement;
const entryOf = (part) => form.querySelector(`.outline [href="#${part}"]`)?.parentElement;
let points = 0;
function made(name, ...nodes) {
  const element = document.createElement(name);
  element.append(...nodes);
  return element;
}

function itemsOf(thing) {
  return [...form.querySelectorAll(`[value^="remove-${thing}:"]`)].map(itemOf).filter((item) => !item.hidden);
}

// To be kept at once. What a browser fills in again goes by the order of fields, which is another now.
function changedList(thing, words) {
  findParts();
  const items = itemsOf(thing);
  if (thing === "key_point") items.pop(); // the last one waits for words
  for (const [place, item] of items.entries()) {
    for (const [verb, isEnd] of [["up", place === 0], ["down", place === items.length - 1]]) {
      const button = item.querySelector(`[value^="${verb}-"]`);
      if (button) button.hidden = isEnd;
    }
    if (thing !== "key_point") continue;
    const { label } = document.getElementById("new-key_point").dataset;
    item.querySelector("label").textContent = label.replace("{number}", place + 1);
    item.querySelector(".actions").hidden = false;
    item.querySelector("textarea").autocomplete = "off";
  }
  said.textContent = words;
  later(0);
  lookSoon();
}

function move(button, thing, by) {
  const item = itemOf(button);
  const items = itemsOf(thing);
  const place = items.indexOf(item) + by;
  if (by < 0) items[place].before(item);
  else items[place].after(item);
  const count = items.length - (thing === "key_point");
  changedList(thing, form.dataset.moved.replace("{number}", place + 1).replace("{count}", count));
  (button.hidden ? item.querySelector(`[value^="${by < 0 ? "down" : "up"}-"]`) : button).focus();
}

function remove(item, thing) {
  save(); // as it is, for the history
  const line = made(item.localName === "li" ? "li" : "p", document.getElementById("removed").content.cloneNode(true));
  line.className = "removed";
  item.before(line);
  item.hidden = true;
  for (const field of fieldsOf(item)) field.disabled = true;
  if (thing === "section") shows(item, false);
  const select = form.elements[`${thing}_new`];
  if (select?.options) {
    select.add(new Option(item.querySelector(".words").textContent, item.querySelector("input").value));
    select.parentElement.hidden = false;
  }
  changedList(thing, form.dataset.removed);
  const undo = line.querySelector("button");
  undo.addEventListener("click", () => restore(item, thing));
  undo.focus();
}

function restore(item, thing) {
  item.previousElementSibling.remove();
  item.hidden = false;
  for (const field of fieldsOf(item)) field.disabled = false;
  if (thing === "section") shows(item, true);
  const { options } = form.elements[`${thing}_new`] ?? {};
  if (options) [...options].find((option) => option.value === item.querySelector("input").value)?.remove();
  changedList(thing, form.dataset.added);
  item.querySelector("input:not([type=hidden]), textarea, button:not([hidden])").focus();
}

// A section in the contents, and its kind among those that can be added.
function shows(part, isThere) {
  const entry = entryOf(part.id);
  if (entry) entry.hidden = !isThere;
  const kind = kindOf(part.id.slice(8));
  kind.hidden = isThere;
  kind.firstElementChild.checked = false;
  kind.removeAttribute("id");
}

function addLinked(name) {
  const { value, text } = chosen(`${name}_new`);
  if (!value) return askFor(form.elements[`${name}_new`]);
  const gone = form.querySelector(`[name=${name}][value="${value}"]`)?.closest("li");
  if (gone) return restore(gone, name);
  const list = form.elements[`${name}_new`].parentElement.previousElementSibling;
  list.insertAdjacentHTML("beforeend", blank(name, value));
  list.lastElementChild.querySelector(".words").textContent = text;
  chosen(`${name}_new`).remove();
  changedList(name, form.dataset.added);
  form.elements[`${name}_new`].focus();
}

// The browser says that nothing is added; the form itself asks for nothing.
function askFor(field) {
  field?.setCustomValidity(form.dataset.nothing);
  field?.reportValidity();
  form.addEventListener("input", () => field?.setCustomValidity(""), { once: true });
}

function addSection() {
  const radio = form.querySelector("[name=section_new]:checked");
  if (!radio) return askFor(form.querySelector(".kinds .check:not([hidden]) input"));
  const id = `section-${radio.value}`;
  let part = form.querySelector(`.part[id="${id}"]`);
  if (part) restore(part, "section");
  else {
    const kinds = [...form.querySelectorAll("[name=section_new]")].map((each) => `section-${each.value}`);
    const after = kinds.slice(kinds.indexOf(id) + 1).map((each) => form.querySelector(`.part[id="${each}"]`));
    const next = after.find((each) => each)?.parentElement ?? document.getElementById("add-section");
    next.insertAdjacentHTML("beforebegin", blank("section", radio.value));
    part = next.previousElementSibling.querySelector(".part");
    const words = radio.labels[0].textContent;
    part.previousElementSibling.textContent = words;
    part.querySelector("input").value = words;
    part.querySelector(".about").textContent = kindOf(radio.value).querySelector(".help").textContent;
    const link = made("a", words);
    link.href = `#${id}`;
    entryOf(after.find((each) => each)?.id ?? "linked")?.before(made("li", link));
    addMarks(part);
    shows(part, true);
    changedList("section", form.dataset.added);
  }
  location.replace(`#${id}`);
  remember();
  part.querySelector("textarea").focus();
}

const NEW_SOURCE = ["title", "publisher", "year", "url", "key"];
const slug = (text) =>
  text
    .normalize("NFKD")
    .replace(/[^\0-\x7f]/g, "")
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replace(/[-\s]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "");

// As the server does: the key that was typed, else one of publisher and year.
function addSource({ key: typed = "", ...values }) {
  const [who = "source"] = `${values.publisher} ${values.title}`.match(/\S+/) ?? [];
  const base = slug(typed.trim() || `${who} ${values.year}`).slice(0, 34) || "source";
  const taken = new Set([...form.querySelectorAll("[name=source]")].map((each) => each.value));
  let key = base;
  for (let number = 2; taken.has(key); number++) key = `${base}-${number}`;
  const last = document.getElementById("sources");
  last.insertAdjacentHTML("beforebegin", blank("source", key));
  for (const [name, value] of Object.entries(values)) form.elements[`source-${key}-${name}`].value = value;
  changedList("source", form.dataset.added);
  return key;
}

function addTypedSource() {
  const typed = NEW_SOURCE.map((name) => [name, form.elements[`source_new-${name}`]]);
  if (!typed.some(([, field]) => field.value.trim())) return askFor(typed[0][1]);
  addSource(Object.fromEntries(typed.map(([name, field]) => [name, field.value])));
  for (const [, field] of typed) field.value = "";
  typed[0][1].focus();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=_do]");
  const [, verb, thing] = button?.value.match(/^(up|down|remove|add)-(\w+)/) ?? [];
  if (!verb) return;
  event.preventDefault();
  if (verb === "remove") remove(itemOf(button), thing);
  else if (verb !== "add") move(button, thing, verb === "up" ? -1 : 1);
  else if (thing === "section") addSection();
  else if (thing === "source") addTypedSource();
  else addLinked(thing);
});
form.addEventListener("input", ({ target }) => {
  const last = itemsOf("key_point").at(-1);
  if (!last?.contains(target) || !target.value) return;
  last.insertAdjacentHTML("afterend", blank("key_point", `more-${++points}`));
  addMarks(last.nextElementSibling);
  changedList("key_point", "");
});

// A link of the errors leads to the field; that of a missing section chooses its kind.
function hold() {
  const target = document.getElementById(location.hash.slice(1));
  const radio = target?.matches(".kinds .check") && target.firstElementChild;
  if (radio) radio.checked = true;
  return radio;
}
addEventListener("hashchange", hold);
form.addEventListener("click", (event) => {
  const link = event.target.closest(".errors a");
  if (!link) return;
  event.preventDefault(); // the address would be another page's, without these errors
  location.hash = link.hash;
  const field = hold() || document.getElementById(link.hash.slice(1))?.querySelector("input:not([type=hidden]), textarea, select");
  field?.focus();
});

// The bar above a text. What it types can be undone as any other typing.
const FOREIGN =
  /^[\s\u00ad\u200b-\u200f\u2060]*(?:[•‣◦⁃∙·●○■□▪▫◆◇►▸➢➤✓✔❖\uf0a7\uf0b7\uf0d8\uf0fc]|o(?=[\t\u00a0])|[-+–](?=[\s\p{L}])|\*(?=\s)|\d{1,3}[.)](?=[\s\p{L}]))[\s\u00ad\u200b-\u200f\u2060]*/u;
const used = new WeakSet();
form.addEventListener("focusin", ({ target }) => used.add(target));

function type(text, words, start, end, from = start + words.length, to = from) {
  text.focus();
  text.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, words)) {
    text.setRangeText(words, start, end);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  text.setSelectionRange(from, to);
}

// The lines of the selection: where they start and end, and each of them.
function linesOf({ value, selectionStart, selectionEnd }) {
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const last = selectionEnd > start && value[selectionEnd - 1] === "\n" ? selectionEnd - 1 : selectionEnd;
  const found = value.indexOf("\n", last);
  const end = found < 0 ? value.length : found;
  return { start, end, lines: value.slice(start, end).split("\n") };
}

const asList = (lines) => lines.filter((line) => line.trim()).map((line) => `- ${line.replace(FOREIGN, "").trim()}`);

// A block of lines, with an empty one around it; the caret goes where `at` is.
function putBlock(text, opening, item) {
  const { value, selectionStart, selectionEnd } = text;
  let { start, end, lines } = linesOf(text);
  if (selectionStart === selectionEnd) {
    if (value.slice(start, end).trim()) start = end;
    lines = [];
  }
  const before = value.slice(0, start);
  const after = value.slice(end);
  const lead = !before.trim() || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const body = asList(lines).join("\n") || item.replace("|", "");
  const caret = start + lead.length + opening.length + 2 + (lines.length ? body.length : item.indexOf("|"));
  type(text, `${lead}${opening}\n\n${body}\n:::${/^\n\n|^\s*$/.test(after) ? "" : "\n"}`, start, end, caret);
}

const MARKS = {
  bold(text) {
    const { value } = text;
    let { selectionStart: start, selectionEnd: end } = text;
    if (start === end) {
      start -= value.slice(0, start).match(/[\p{L}\p{N}’'-]*$/u)[0].length;
      end += value.slice(end).match(/^[\p{L}\p{N}’'-]*/u)[0].length;
    }
    if (value.slice(start - 2, start) === "**" && value.slice(end, end + 2) === "**") {
      return type(text, value.slice(start, end), start - 2, end + 2, start - 2, end - 2);
    }
    const words = value
      .slice(start, end)
      .split("\n")
      .map((line) => line.replace(/^(\s*(?:[-*+]\s+|\d+[.)]\s+|#+\s+)?)(.*?)(\s*)$/, (all, lead, said, rest) => (said ? `${lead}**${said}**${rest}` : all)));
    if (start === end) type(text, "****", start, end, start + 2);
    else type(text, words.join("\n"), start, end);
  },
  list(text) {
    let { start, end, lines } = linesOf(text);
    const { value } = text;
    const isPasted = (line) => FOREIGN.test(line) && !/^- \S/.test(line);
    if (text.selectionStart === text.selectionEnd && isPasted(lines[0])) {
      // Those that were pasted with it.
      const all = value.split("\n");
      let first = value.slice(0, start).split("\n").length - 1;
      let last = first;
      while (first > 0 && isPasted(all[first - 1])) first--;
      while (last + 1 < all.length && isPasted(all[last + 1])) last++;
      lines = all.slice(first, last + 1);
      start = all.slice(0, first).join("\n").length + (first > 0);
      end = start + lines.join("\n").length;
    }
    const isList = lines.some((line) => line.trim()) && lines.every((line) => !line.trim() || /^- \S/.test(line));
    const done = isList ? lines.map((line) => line.slice(2)) : asList(lines);
    const next = value.slice(end + 1).split("\n")[0];
    const apart = !isList && next.trim() && !/^\s*[-*+] /.test(next) ? "\n" : "";
    const words = done.join("\n") || "- ";
    type(text, words + apart, start, end, start + words.length);
  },
  heading(text) {
    const { start, end, lines } = linesOf(text);
    const isHeading = lines.every((line) => !line.trim() || line.startsWith("### "));
    const done = lines.map((line) => {
      const words = line.replace(/^\s*#*\s*/, "");
      return lines.length > 1 && !words ? "" : (isHeading && words ? "" : "### ") + words;
    });
    type(text, done.join("\n"), start, end);
  },
  link(text) {
    const { value, selectionStart: start, selectionEnd: end } = text;
    const chosen = value.slice(start, end);
    const words = chosen.replace(/\[\^[^\]]*\]/g, "");
    const sources = chosen.match(/\[\^[^\]]*\]/g)?.join("") ?? ""; // inside a link none is read
    if (/^(https:|mailto:|tel:|\/)\S+$/.test(chosen)) type(text, `[](${chosen})`, start, end, start + 1);
    else if (!words.trim()) type(text, "[](https://)", end, end, end + 1);
    else type(text, `[${words}](https://)${sources}`, start, end, start + words.length + 3, start + words.length + 11);
  },
  people: (text) => putBlock(text, "::: people Of 100 people:", "- | in 100 "),
  source: (text) => choose("source", text),
  card: (text) => choose("card", text),
  picture: (text) => choose("picture", text),
};

function addMarks(within) {
  for (const text of within.querySelectorAll("textarea[data-marks]")) {
    text.before(document.getElementById("marks").content.cloneNode(true));
    const bar = text.previousElementSibling;
    bar.setAttribute("aria-controls", text.id);
    const buttons = [...bar.children].filter((each) => text.dataset.marks === "all" || /bold|link|source/.test(each.dataset.mark));
    bar.replaceChildren(...buttons);
    for (const each of buttons) each.tabIndex = each === buttons[0] ? 0 : -1;
    bar.addEventListener("click", ({ target }) => {
      if (!used.has(text)) text.setSelectionRange(text.value.length, text.value.length);
      if (target !== bar) MARKS[target.dataset.mark](text);
    });
    bar.addEventListener("keydown", (event) => {
      const place = buttons.indexOf(event.target);
      const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      const next = buttons.at(to % buttons.length);
      next.tabIndex = 0;
      next.focus();
    });
  }
}
addMarks(form);

// The dialogs. What is chosen goes where the caret is.
let into;
const CHOICES = {
  source: () =>
    itemsOf("source").map((item) => {
      const key = item.querySelector("[name=source]").value;
      const [title, publisher, year] = NEW_SOURCE.map((name) => form.elements[`source-${key}-${name}`]?.value);
      return [key, made("span", title, made("small", [publisher, year].filter(Boolean).join(", ") || key))];
    }),
  picture: () =>
    [...form.elements.picture_source]
      .filter((field) => field.value)
      .map((field) => [field.value, ...[...field.labels[0].childNodes].map((node) => node.cloneNode(true))]),
};
const PUT = {
  source: (key) => type(into, `[^${key}]`, into.selectionEnd, into.selectionEnd),
  picture(value) {
    // An uploaded picture has its words; those of a drawing are to be written.
    const words = value.startsWith("picture:") ? form.querySelector(`[name=picture_source][value="${value}"]`).labels[0].textContent.trim() : "";
    const end = into.selectionEnd;
    type(into, `![${words}](${value})`, end, end, end + 2, end + 2 + words.length);
  },
  card: (words) => putBlock(into, `::: ${words}`, "- |"),
};

function choose(kind, text) {
  into = text;
  const dialog = document.getElementById(`choose-${kind}`);
  const search = dialog.querySelector("[type=search]");
  if (search) search.value = "";
  list(dialog, kind);
  for (const details of dialog.querySelectorAll("details")) details.open = !itemsOf("source").length;
  dialog.showModal();
}

function list(dialog, kind) {
  const search = dialog.querySelector("[type=search]");
  if (!search) return;
  const sought = search.value.toLowerCase().split(/\s+/);
  const rows = CHOICES[kind]().map(([value, ...nodes]) => {
    const button = made("button", ...nodes);
    button.value = value;
    return made("li", button);
  });
  const found = rows.filter((row) => sought.every((word) => `${row.textContent} ${row.firstChild.value}`.toLowerCase().includes(word)));
  dialog.querySelector(".choices").replaceChildren(...found);
  const none = dialog.querySelector(".none");
  none.textContent = found.length ? "" : none.dataset.none;
}

for (const kind of Object.keys(PUT)) {
  const dialog = document.getElementById(`choose-${kind}`);
  dialog.addEventListener("input", ({ target }) => target.type === "search" && list(dialog, kind));
  dialog.addEventListener("submit", (event) => {
    event.preventDefault(); // the browser would close it later, and what is typed meanwhile be lost
    const isNewSource = event.target.matches("[data-new]");
    if (!isNewSource && !event.submitter) return; // nothing is found
    const value = isNewSource ? addSource(Object.fromEntries(new FormData(event.target))) : event.submitter.value;
    if (isNewSource) event.target.reset();
    dialog.close();
    PUT[kind](value);
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => {
    dialog.querySelector("[data-new]")?.reset();
    dialog.close();
  });
}
hold();
