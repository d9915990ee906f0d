// Keeps what is typed in a page's editor, and shows the page beside it. Without this, Save sends all.
const form = document.getElementById("edit");
const status = form.querySelector("[role=status]");
const { csrfmiddlewaretoken: token, _opened, _shown, _person } = form.elements;
const { autosave, preview } = form.dataset;
const MOST = 60_000; // bytes: a request that outlives its page ends at 64 KiB, all of them together

// Parts that go together: the server reads the list of sources, and each of them, at once.
const parts = new Map();
for (const part of form.querySelectorAll(".part")) {
  const group = part.id.startsWith("source") ? "sources" : part.id;
  parts.set(group, [...(parts.get(group) ?? []), part]);
}
const isNew = (field) => /_new(-|$)/.test(field.name); // made by its button, or by Save
const isOn = (field, property) => !/^(checkbox|radio)$/.test(field.type) || field[property];
const fields = (group) =>
  parts
    .get(group)
    .flatMap((part) => [...part.querySelectorAll("input, textarea")])
    .filter((field) => field.name && !isNew(field));
const pairs = (group) =>
  fields(group).flatMap((field) => (isOn(field, "checked") ? [[field.name, field.value]] : []));
const before = (group) =>
  fields(group).flatMap((field) =>
    isOn(field, "defaultChecked")
      ? [[field.name, field.type === "radio" || field.type === "checkbox" ? field.value : field.defaultValue]]
      : [],
  );

const kept = new Map(); // by group, what the server has of it, as text
let flying = new Map(); // what is on its way there
let flight = null;
let timer;
let wait = 2; // seconds
let state = "";
let isSent = false; // the whole form, by a button

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

function changed() {
  return [...parts.keys()].filter((group) => kept.get(group) !== JSON.stringify(pairs(group)));
}

function hasNew() {
  const others = [...form.elements].filter((field) => isNew(field));
  return others.some((field) => field.value !== "");
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
    const text = JSON.stringify(pairs(group));
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

function post(address, body, kind, keepalive = false) {
  return fetch(address, {
    method: "POST",
    body,
    keepalive,
    redirect: "manual",
    headers: { "X-Background": kind },
    signal: AbortSignal.timeout(20_000),
  });
}

function later(seconds) {
  clearTimeout(timer);
  timer = setTimeout(save, seconds * 1000);
}

function save() {
  clearTimeout(timer);
  if (flight || isSent || !changed().length) return;
  flight = send().finally(() => {
    flight = null;
    flying = new Map();
    if (changed().length) later(wait);
  });
}

async function send() {
  const { data, taken, isSmall } = bodyOf(changed());
  flying = taken;
  try {
    const answer = await post(autosave, data, "typed", isSmall);
    if (answer.type === "opaqueredirect") return await signInAgain();
    if (answer.status === 409) return someoneElse();
    if (!answer.ok) {
      wait = 15;
      return tell("refused");
    }
    take(await answer.json(), taken);
    wait = 2;
  } catch {
    wait = Math.min(wait * 2, 15);
    tell("offline");
  }
}

// A new session has a new token. That of another person is none of ours.
async function signInAgain() {
  tell("out");
  wait = 15;
  const request = { redirect: "manual", headers: { "X-Background": "1" } };
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

function take({ at, shown, values, findings, contents }, taken) {
  const all = JSON.parse(_shown.value);
  for (const [group, text] of taken) {
    kept.set(group, text);
    for (const { id } of parts.get(group)) {
      // What was put together with another tab's stands in the fields, or its hash is not ours.
      if (id in values && !put(id, values[id], group, text)) continue;
      if (id in shown) all[id] = shown[id];
    }
  }
  _shown.value = JSON.stringify(all);
  remember();
  tell(at ? "kept" : "same", at);
  const outline = form.querySelector(".outline");
  if (!outline.contains(document.activeElement)) {
    outline.innerHTML = new DOMParser().parseFromString(contents, "text/html").querySelector("nav").innerHTML;
  }
  for (const part of [...parts.values()].flat()) {
    part.querySelector(":scope > .findings")?.remove();
    part.insertAdjacentHTML("beforeend", findings[part.id] ?? "");
  }
}

function put(id, value, group, text) {
  if (JSON.stringify(pairs(group)) !== text) return false; // typed on meanwhile
  const isText = typeof value === "string";
  if (!isText && (!value || Array.isArray(value))) return false;
  const named = Object.entries(isText ? { [id]: value } : value);
  const found = named.map(([name, each]) => [form.elements[isText ? name : `${id}-${name}`], each]);
  if (!found.every(([field, each]) => field?.matches?.("[type=text], textarea") && typeof each === "string")) return false;
  for (const [field, each] of found) field.value = each;
  kept.set(group, JSON.stringify(pairs(group)));
  return true;
}

function leave() {
  if (isSent) return;
  if (!flight) return save();
  // One is on its way: what was typed since goes beside it, as far as both fit.
  const onWay = new Blob([...flying.values()]).size + 400 * flying.size + 2_000;
  const groups = changed().filter((group) => flying.get(group) !== JSON.stringify(pairs(group)));
  const { data, taken } = bodyOf(groups, MOST - onWay);
  if (taken.size) post(autosave, data, "typed", true).then((answer) => answer.text(), () => {});
}

form.addEventListener("input", () => {
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
    isSent = true;
    clearTimeout(timer);
  }
});
addEventListener("beforeunload", (event) => {
  if (isSent || !(changed().length || hasNew())) return;
  event.preventDefault();
  save();
});
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") leave();
  else save();
});
addEventListener("pageshow", () => {
  isSent = false;
  save();
});
addEventListener("online", save);
addEventListener("focus", save);

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

async function look() {
  if (!frame.getClientRects().length) return; // no room for it
  const answer = await post(preview, new FormData(form), "1").catch(() => null);
  if (!answer?.ok) return;
  const html = await answer.text();
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
