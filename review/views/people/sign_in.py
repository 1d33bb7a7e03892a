"""Signing in and out."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from review.forms.personal import SignInForm
from review.views.access import is_fragment


class SignIn(LoginView):
    """Django's own sign-in with our form and page."""

    template_name = "review/people/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        """Send a page whose session has ended to sign in as a whole.

        Its refresh was redirected here: the form must not land inside a fragment.
        """
        if is_fragment(request) and not request.user.is_authenticated:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return super().dispatch(request, *args, **kwargs)


# Overriding dispatch drops the mark that LoginView's own carries.
sign_in = login_not_required(SignIn.as_view())
sign_out = LogoutView.as_view()
