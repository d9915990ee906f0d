// Shows which requests came from a number while it is typed. It is posted: no address has it.
const form = document.getElementById("enter");
const found = document.getElementById("same");
const { phone, csrfmiddlewaretoken: token } = form.elements;
const button = form.querySelector("[formaction]");
const resting = document.getElementById("resting").innerHTML;
let asked = digits(phone.defaultValue);
let answer = found.innerHTML; // to what was asked
let shown = answer;
let timer;

function digits(text = phone.value) {
  return text.replace(/\D/g, "");
}

function show() {
  const now = digits() === asked ? answer : resting;
  if (now !== shown) found.innerHTML = shown = now; // or it would be read out again
}

async function look() {
  const number = digits();
  asked = number;
  answer = resting;
  show();
  const body = new URLSearchParams({ csrfmiddlewaretoken: token.value, phone: phone.value });
  const request = { method: "POST", body, headers: { "X-Background": "typed" }, redirect: "manual" };
  const came = await fetch(button.formAction, request).catch(() => null);
  const told = came?.ok ? await came.text() : found.dataset.failed;
  if (number !== asked) return; // another one is asked for by now
  answer = told;
  show();
}

function wait() {
  show();
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { length } = digits();
    if (digits() !== asked && (length === 4 || length >= 10)) look(); // each look is on record
  }, 400);
}

phone.addEventListener("input", wait);
wait(); // for what was typed before this ran
button.type = "button"; // so that Enter does not press it
button.addEventListener("click", look);
