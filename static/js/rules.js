// A price can be dragged as well as typed. The slider runs by powers, for prices of 1 and of 1,000 alike;
// without this script the number alone serves.
"use strict";
{
  const toPlace = (price) => (price < 1 ? 0 : (Math.log10(price) / 4) * 990 + 10);
  const toPrice = (place) => {
    if (place < 10) return 0;
    const price = 10 ** (((place - 10) / 990) * 4);
    const grain = 10 ** Math.max(0, Math.floor(Math.log10(price)) - 1);
    return Math.round(price / grain) * grain;
  };
  for (const price of document.querySelectorAll(".price")) {
    const range = price.querySelector(".price-range");
    const number = price.querySelector("input[type=number]");
    range.hidden = false;
    range.disabled = number.disabled;
    range.value = toPlace(Number(number.value));
    range.addEventListener("input", () => (number.value = toPrice(Number(range.value))));
    number.addEventListener("input", () => (range.value = toPlace(Number(number.value))));
  }
  for (const box of document.querySelectorAll(".switch input")) {
    box.addEventListener("change", () => box.closest(".rule").classList.toggle("is-off", !box.checked));
  }
}
