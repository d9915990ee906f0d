// Passkeys. What the browser answers goes into a form, which is sent as any other.
for (const button of document.querySelectorAll("[data-passkey]")) {
  const form = button.form;
  const { passkey: ceremony, begin, failed } = button.dataset;
  const read = ceremony === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (!window.PublicKeyCredential?.[read]) continue;

  for (const part of form.querySelectorAll(".passkey")) part.hidden = false;
  const status = form.querySelector("[role=status]");
  const answer = form.elements.passkey;

  button.addEventListener("click", async () => {
    status.textContent = "";
    try {
      // The whole form goes along: whether it has errors is asked before a passkey is made.
      const body = new URLSearchParams(new FormData(form));
      const headers = { "X-Background": "typed" };
      const asked = await fetch(begin, { method: "POST", body, headers, redirect: "manual" });
      if (asked.ok) {
        const publicKey = PublicKeyCredential[read](await asked.json());
        const credential = await navigator.credentials[ceremony]({ publicKey });
        answer.value = JSON.stringify(credential.toJSON());
      } else if (![0, 404, 422].includes(asked.status)) {
        // Of those the form tells: it is led elsewhere (0), its invitation is over, it has errors.
        throw new Error(asked.status);
      }
      answer.disabled = false;
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      status.textContent = failed;
    }
  });
}
