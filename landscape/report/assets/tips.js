// Explanations of words, shown on hover and on focus.
const connect_tips = () => {
  const tip = byId("tip");
  const show = (event) => {
    const word = event.target.closest?.(".term");
    if (!word) return;
    tip.textContent = word.dataset.tip;
    tip.hidden = false;
    const box = word.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 12);
    tip.style.left = `${Math.max(left, 12) + scrollX}px`;
    tip.style.top = `${box.bottom + 6 + scrollY}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const name of ["mouseover", "focusin"]) document.addEventListener(name, show);
  for (const name of ["mouseout", "focusout"]) document.addEventListener(name, hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
};
