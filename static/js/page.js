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
  // An empty choice-as-you-type says so: without words it has no name for those who do not see it.
  for (const choice of document.querySelectorAll("select.admin-autocomplete[data-placeholder='']")) {
    choice.dataset.placeholder = document.body.dataset.choose;
  }
  const nameChoices = () => {
    for (const shown of document.querySelectorAll(".select2-selection__rendered:not([aria-label])")) {
      const select = shown.closest(".select2-container")?.previousElementSibling;
      const cell = shown.closest("td");
      const label =
        document.querySelector(`label[for="${select?.id}"]`) ??
        cell?.closest("table").querySelectorAll("thead th")[cell.cellIndex];
      if (label) shown.setAttribute("aria-label", label.textContent.trim());
    }
  };
  // They appear when the page is ready, and with each row that is added.
  if (document.querySelector(".admin-autocomplete")) {
    new MutationObserver(nameChoices).observe(document.body, { childList: true, subtree: true });
    nameChoices();
  }
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // A long navigation opens where one is.
  const navigation = document.querySelector(".navigation");
  const here = navigation?.querySelector("[aria-current]");
  if (here) navigation.scrollTop = here.offsetTop - navigation.clientHeight / 2;
  // A list filter that is a drop-down goes where its choice leads.
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-goes]") && event.target.value) location.href = event.target.value;
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
}
