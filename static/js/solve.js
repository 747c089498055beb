// The buttons beside a number write it.
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-presets-for] [data-value]");
  if (button) document.getElementById(button.closest("[data-presets-for]").dataset.presetsFor).value = button.dataset.value;
});
