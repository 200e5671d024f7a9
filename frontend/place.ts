/** A page that comes back after sorting, turning the page of a list or posting a form stays where the eye was. */
const KEY = "place";

export function keepPlace(): void {
  const [path, height] = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as [string?, number?];
  sessionStorage.removeItem(KEY);
  if (path === location.pathname && height !== undefined && !document.querySelector("[data-focus-first]")) {
    window.scrollTo(0, height);
  }
  const remember = (): void => sessionStorage.setItem(KEY, JSON.stringify([location.pathname, window.scrollY]));
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.method === "post") remember();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a.sort, .pager a, .tabs a")) remember();
  });
}
