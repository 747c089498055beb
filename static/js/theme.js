// Light, dark, or as the system has it. Runs in the head, so that no page flashes in the wrong colours.
"use strict";
{
  const root = document.documentElement;
  const kept = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";
    }
  };
  root.dataset.theme = kept();

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose-theme]");
    if (!button) return;
    root.dataset.theme = button.dataset.chooseTheme;
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Without storage the choice holds for this page.
    }
    mark();
  });

  const mark = () => {
    for (const button of document.querySelectorAll("[data-choose-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === root.dataset.theme));
    }
  };
  document.addEventListener("DOMContentLoaded", mark);
}
