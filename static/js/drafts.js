// Unsaved form work is kept in the session and offered again. Without this script every form works as before.
(() => {
  "use strict";
  const DELAY = 1500;
  const form = document.querySelector("form[data-draft], .change-form main form[method=post][id$=_form]");
  if (!form || form.querySelector("input[type=password]") || document.querySelector("body.popup")) return;
  const inside = location.pathname.match(/^(.*?\/at\/.+?\/staff\/)/);
  if (!inside) return;
  const address = `${inside[1]}drafts/?path=${encodeURIComponent(location.pathname)}`;
  const token = form.querySelector("[name=csrfmiddlewaretoken]");
  if (!token) return;

  const isKept = (field) =>
    ["INPUT", "SELECT", "TEXTAREA"].includes(field.tagName) && field.name && !field.disabled && field.name !== "csrfmiddlewaretoken" && !field.name.includes("__prefix__") &&
    !["file", "password", "submit", "button", "reset"].includes(field.type) &&
    (field.type !== "hidden" || field.name.endsWith("-TOTAL_FORMS"));

  const fields = () => [...form.elements].filter(isKept);

  // [[value, what a choice shows], …] of every field, by name.
  const read = () => {
    const told = {};
    for (const field of fields()) {
      const values = (told[field.name] ??= []);
      if (field.type === "checkbox" || field.type === "radio") {
        if (field.checked) values.push([field.value, ""]);
      } else if (field.tagName === "SELECT") {
        for (const option of field.selectedOptions) values.push([option.value, option.text]);
      } else values.push([field.value, ""]);
    }
    return told;
  };

  const values = (told) => JSON.stringify((told ?? []).map((pair) => pair[0]));
  // A form that came back with errors shows what was sent: all of it is unsaved.
  const hasErrors = document.querySelector(".errornote, .errorlist, .errors") !== null;
  const first = hasErrors ? {} : read();
  const changed = () => {
    const now = read();
    return Object.fromEntries(Object.entries(now).filter(([name, told]) => values(told) !== values(first[name])));
  };

  let timer, last = "{}", isSent = false;
  const send = (told) => {
    const text = JSON.stringify(told);
    if (text === last) return;
    last = text;
    fetch(address, {
      method: "POST",
      keepalive: text.length < 60000,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token.value },
      body: `{"fields":${text}}`,
    }).catch(() => { last = ""; });
  };
  const keep = () => { clearTimeout(timer); if (!isSent) send(changed()); };
  const later = () => { clearTimeout(timer); timer = setTimeout(keep, DELAY); };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("formset:added", later);
  // The server forgets the draft when it has saved the form, so nothing is sent that could arrive after that;
  // one that comes back with errors is kept from there.
  form.addEventListener("submit", () => { clearTimeout(timer); isSent = true; });
  window.addEventListener("pagehide", keep);
  window.addEventListener("pageshow", () => { isSent = false; });

  const set = (name, told) => {
    for (const field of fields().filter((one) => one.name === name)) {
      if (field.type === "checkbox" || field.type === "radio") {
        field.checked = told.some((pair) => pair[0] === field.value);
      } else if (field.tagName === "SELECT") {
        for (const [value, text] of told) {
          // A choice that is searched for is not in the list until it is chosen.
          if (![...field.options].some((option) => option.value === value)) field.add(new Option(text, value));
        }
        for (const option of field.options) option.selected = told.some((pair) => pair[0] === option.value);
      } else if (field.type !== "hidden") field.value = told[0]?.[0] ?? "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
      if (window.django?.jQuery) window.django.jQuery(field).trigger("change");
    }
  };

  const addRows = (told) => {
    for (const [name, values] of Object.entries(told)) {
      if (!name.endsWith("-TOTAL_FORMS")) continue;
      const total = form.elements[name];
      const group = document.getElementById(`${name.slice(0, -"-TOTAL_FORMS".length)}-group`);
      for (let tries = 0; total && group && tries < 200 && +total.value < +values[0]?.[0]; tries++) {
        group.querySelector(".add-row a, tr.add-row a")?.click();
      }
    }
  };

  const offer = ({ fields: told, sentence, restore, discard }) => {
    const bar = document.createElement("div");
    bar.className = "draft card row spread";
    bar.setAttribute("role", "status");
    const words = document.createElement("span");
    words.textContent = sentence;
    const buttons = document.createElement("span");
    buttons.className = "row";
    const button = (label, className, act) => {
      const one = document.createElement("button");
      one.type = "button";
      one.className = className;
      one.textContent = label;
      one.addEventListener("click", () => { bar.remove(); act(); });
      buttons.append(one);
    };
    button(restore, "small primary", () => {
      addRows(told);
      for (const [name, values] of Object.entries(told)) set(name, values);
      last = JSON.stringify(told);
    });
    button(discard, "small", () => { last = ""; send({}); });
    bar.append(words, buttons);
    form.before(bar);
  };

  if (hasErrors) return;
  fetch(address, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.status === 200 ? answer.json() : null))
    .then((draft) => { if (draft) { last = JSON.stringify(draft.fields); offer(draft); } })
    .catch(() => {});
})();
