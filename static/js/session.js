// Warns whoever does nothing for long before they are signed out. To go on working is an answer.
const notice = document.getElementById("session-end");
const words = notice.querySelector("[role=alert]");
const stay = notice.querySelector("button");
const { address, left, warningMinutes } = notice.dataset;
const warning = warningMinutes * 60;
let state = "";
let timer;

function later(seconds) {
  clearTimeout(timer); // or each answer would begin another round
  timer = setTimeout(look, Math.max(seconds, 1) * 1000);
}

function tell(now, seconds) {
  notice.hidden = now === "";
  stay.hidden = now !== "idle";
  if (now === state) return; // or it would be read aloud again
  state = now;
  const end = new Date(Date.now() + seconds * 1000);
  const time = end.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  words.textContent = (notice.dataset[now] ?? "").replace("{time}", time);
}

async function look() {
  let session;
  try {
    session = await (await fetch(address, { headers: { "X-Background": "1" } })).json();
  } catch {
    return later(15); // nobody answers just now
  }
  const { seconds, can_stay: canStay } = session;
  if (seconds > warning) {
    tell("");
    later(seconds - warning);
  } else {
    tell(seconds === 0 ? "over" : canStay ? "idle" : "whole", seconds);
    later(Math.min(seconds + 1, 15)); // meanwhile another tab may have answered
  }
}

for (const kind of ["keydown", "click"]) {
  document.addEventListener(kind, async () => {
    if (state !== "idle") return;
    tell("");
    await fetch(address, { method: "POST" }).catch(() => {});
    look();
  });
}
later(left - warning);
