// Which exam of the grid is looked at; a filter that is chosen takes effect at once.
"use strict";
{
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".entry a");
    if (!link) return;
    for (const chosen of document.querySelectorAll(".entry.is-chosen")) chosen.classList.remove("is-chosen");
    for (const same of document.querySelectorAll(`.entry a[data-exam="${link.dataset.exam}"]`)) {
      same.parentElement.classList.add("is-chosen");
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "beside") event.target.scrollIntoView({ block: "nearest" });
  });
  for (const select of document.querySelectorAll("#filter select")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
}
