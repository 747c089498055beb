// Small manners of every page: menus close when one looks elsewhere, errors get the focus, and what is
// asked twice is asked first.
"use strict";
{
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // A list filter that is a drop-down goes where its choice leads.
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-goes]") && event.target.value) location.href = event.target.value;
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
}
