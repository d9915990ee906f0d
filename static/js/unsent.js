// Warns whoever leaves a form that they have not sent. A preview opens beside it, and sends nothing.
const form = document.querySelector("#content-main form");
let unsent = document.querySelector(".careful, .errorlist") !== null;

form.addEventListener("input", () => {
  unsent = true;
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.formTarget !== "_blank") unsent = false;
});
addEventListener("beforeunload", (event) => {
  if (unsent) event.preventDefault();
});
