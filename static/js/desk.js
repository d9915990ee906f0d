// Renews the queue, and says who else has a request open: every 20 seconds, by asking the site.
const token = document.querySelector("[name=csrfmiddlewaretoken]");
const here = document.getElementById("here");
const news = document.querySelector("#news a");
let queue = document.getElementById("queue");
const renewed = document.createElement("template");

// Answers nothing where that failed. Who is signed out by now is not asked for: the page warns them.
async function ask(address, values) {
  const body = new FormData();
  body.append(token.name, token.value);
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  const headers = { "X-Background": "1" };
  const answer = await fetch(address, { method: "POST", body, headers, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || answer?.status === 403) clearInterval(timer);
  return answer?.ok ? answer : null;
}

function isInUse() {
  return queue.matches(":hover, :focus-within") || queue.querySelector(":checked") !== null;
}

// What makes it worth reading again: other rows, other counts. That time goes by does not.
function gist(list) {
  const rows = [...list.querySelectorAll("[data-row]")].map((row) => row.dataset.row);
  return [...rows, ...[...list.querySelectorAll(".tabs b")].map((count) => count.textContent)].join();
}

async function renew() {
  const answer = await ask(location.href, { shown: queue.dataset.shown });
  if (!answer) return;
  renewed.innerHTML = await answer.text();
  const now = renewed.content.getElementById("queue");
  if (isInUse()) {
    queue.dataset.shown = now.dataset.shown;
    news.hidden = gist(now) === gist(queue);
  } else {
    queue.replaceWith(now);
    queue = now;
    news.hidden = true;
  }
}

async function tellWeAreHere() {
  const answer = await ask(new URL("../here/", location.href), {});
  const told = answer ? (await answer.json()).here : here.textContent;
  if (told !== here.textContent) here.textContent = told; // or it would be read out again
}

function look() {
  if (queue && !document.hidden) renew();
  if (here) tellWeAreHere(); // hidden or not: who looks something up in another tab has it still open
}
const timer = setInterval(look, 20_000);
document.addEventListener("visibilitychange", look);
