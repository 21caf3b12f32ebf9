"""Who is asking: static tokens are exchanged for access tokens (JWT); every request's user is read anew, so that
blocking a user or logging out counts at once (DESIGN §11)."""

import secrets
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler
from litestar.security.jwt import JWTAuth, Token
from litestar.security.jwt.token import JWTDecodeOptions

from api.services import Services
from domain.errors import NotAllowed, NotAuthenticated
from domain.ids import new_id
from storage.users import User

ISSUER = "aizoomdoc"
AUDIENCE = "aizoomdoc-api"
ACCESS_LIFE = timedelta(minutes=60)
"""spec/aizoomdoc.md §1.3, ACCESS_TOKEN_EXPIRE_MINUTES."""
TOKEN_PREFIX = "azd"

OPEN_PATHS = ["^/$", "^/health$", "^/ready$", "^/docs(/|$)", "^/auth/exchange$", "^/pictures/"]
"""What needs no token, as patterns of paths."""

KNOWN_TOKENS = 1024
"""Tokens whose signature is remembered: one per signed-in client of this process. A guess."""

AuthRequest = Request[User, Token, Any]


class CheckedToken(Token):
    """An access token; its signature is checked once, its end of life (by `Token`) at every use."""

    @classmethod
    def decode_payload(
        cls,
        encoded_token: str,
        secret: str,
        algorithms: list[str],
        issuer: str | Sequence[str] | None = None,
        audience: str | Sequence[str] | None = None,
        options: JWTDecodeOptions | None = None,
    ) -> Any:
        """Raises what PyJWT raises; a token that it refused is looked at again every time."""
        issuers = (issuer,) if isinstance(issuer, str) else tuple(issuer or ())
        audiences = audience if isinstance(audience, str) else tuple(audience or ())
        wishes = msgspec.json.encode(options)
        return dict(_signed_payload(encoded_token, secret, tuple(algorithms), issuers, audiences, wishes))


@lru_cache(KNOWN_TOKENS)
def _signed_payload(
    encoded: str,
    secret: str,
    algorithms: tuple[str, ...],
    issuers: tuple[str, ...],
    audiences: str | tuple[str, ...],
    wishes: bytes,
) -> Mapping[str, Any]:
    """`wishes` are `JWTDecodeOptions` as JSON: the arguments have to be hashable."""
    options = msgspec.json.decode(wishes)
    return Token.decode_payload(encoded, secret, list(algorithms), issuers, audiences, options)


def new_static_token() -> str:
    """`azd_<256 random bits>_<crc32>`: the check sum lets a typing error be told from a wrong token."""
    secret = secrets.token_urlsafe(32)
    return f"{TOKEN_PREFIX}_{secret}_{zlib.crc32(secret.encode()):08x}"


def make_auth(secret: bytes) -> JWTAuth[User]:
    """Litestar's JWT middleware with everything checked that it leaves optional."""
    return JWTAuth[User](
        token_secret=secret.decode(),
        retrieve_user_handler=_user_of,
        algorithm="HS256",
        default_token_expiration=ACCESS_LIFE,
        accepted_audiences=[AUDIENCE],
        accepted_issuers=[ISSUER],
        require_claims=["exp", "iat", "sub", "aud", "iss", "jti"],
        strict_audience=True,
        token_cls=CheckedToken,
        scopes={ScopeType.HTTP},
        exclude=OPEN_PATHS,
        description="Exchange a static token at /auth/exchange for an access token.",
    )


def issue_access_token(secret: bytes, user: User) -> str:
    now = datetime.now(UTC)
    token = Token(
        sub=str(user.id),
        exp=now + ACCESS_LIFE,
        iat=now,
        iss=ISSUER,
        aud=AUDIENCE,
        jti=str(new_id()),
        extras={"typ": "access"},
    )
    return token.encode(secret=secret.decode(), algorithm="HS256")


async def user_of_token(services: Services, encoded: str) -> tuple[User, Token]:
    """For doors that carry the token elsewhere than in the header. Raises NotAuthenticated."""
    try:
        token = CheckedToken.decode(
            encoded,
            secret=services.settings.storage.secret.decode(),
            algorithm="HS256",
            audience=[AUDIENCE],
            issuer=[ISSUER],
            require_claims=["exp", "iat", "sub", "aud", "iss", "jti"],
            strict_audience=True,
        )
    except NotAuthorizedException as error:
        raise NotAuthenticated("token") from error
    user = await _find(services, token)
    if user is None:
        raise NotAuthenticated("user")
    return user, token


def seconds_left(token: Token) -> float:
    """Until the access token expires."""
    return max((token.exp - datetime.now(UTC)).total_seconds(), 0.0)


def token_id(token: Token) -> UUID:
    """The `jti` of a token. Raises ValueError for one that is not ours."""
    return UUID(str(token.jti))


def admins_only(connection: ASGIConnection[Any, User, Token, Any], _: BaseRouteHandler) -> None:
    """OPTIONS is asked without a token, and answers with the methods only."""
    if connection.scope.get("method") != "OPTIONS" and not connection.user.is_admin:
        raise NotAllowed("admin")


async def _user_of(token: Token, connection: ASGIConnection[Any, Any, Any, Any]) -> User | None:
    return await _find(connection.app.state.services, token)


async def _find(services: Services, token: Token) -> User | None:
    if token.extras.get("typ") != "access":
        return None
    try:
        user_id, jti = UUID(token.sub), token_id(token)
    except ValueError:
        return None
    return await services.access.user_of(user_id, jti)
