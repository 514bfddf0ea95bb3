-- Sessions that ended long ago are forgotten, with the address and the browser they name: at the owner's next sign-in.
grant delete on session to irisplane_api;
