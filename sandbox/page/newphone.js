// The phones somebody added on this page; they live as long as the tab.

const KEY = "phones";

/** `[{phone, name}]`, phones in E.164. */
export function addedPhones() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** Wire the dialog; `added(phone)` hears of each new number. */
export function openNewPhone(added) {
  const dialog = document.getElementById("new-phone");
  const form = document.getElementById("new-phone-form");
  const error = document.getElementById("new-number-error");
  document.getElementById("open-new").addEventListener("click", () => {
    form.reset();
    error.textContent = "";
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    const phone = form.number.value.replace(/[\s().-]/g, "").replace(/^00/, "+");
    event.preventDefault();
    if (!/^\+[1-9]\d{6,14}$/.test(phone)) {
      error.textContent = "A number with its country, such as +44 7700 900250.";
      form.number.focus();
      return;
    }
    const name = form.name.value.trim() || "New phone";
    const others = addedPhones().filter((other) => other.phone !== phone);
    sessionStorage.setItem(KEY, JSON.stringify([...others, { phone, name }]));
    // Closed first: a dialog that closes gives the focus back, and the new phone shall have it.
    dialog.close();
    added(phone);
  });
}
