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
      const asked = await fetch(begin, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (asked.ok) {
        const publicKey = PublicKeyCredential[read](await asked.json());
        const credential = await navigator.credentials[ceremony]({ publicKey });
        answer.value = JSON.stringify(credential.toJSON());
      } else if (asked.status !== 422) {
        throw new Error(asked.status);
      }
      answer.disabled = false;
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      status.textContent = failed;
    }
  });
}
