"""What AWS's own program makes of serverless templates.

Takes a JSON list of {"template", "parameters", "region"} from its input and writes a list of {"expanded": template} or
{"refused": why}, in the same order.
"""

import copy
import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.plugins.application.serverless_app_plugin import ServerlessAppPlugin
from samtranslator.translator.arn_generator import ArnGenerator
from samtranslator.translator.translator import Translator
from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template


class Repository:
    """The Serverless Application Repository, which has every application."""

    def create_cloud_formation_template(self, ApplicationId, SemanticVersion):
        url = f"serverlessrepo:{ApplicationId}:{SemanticVersion}"
        return {"TemplateUrl": url, "Status": "ACTIVE", "ApplicationId": ApplicationId, "TemplateId": "t"}


def translate(template, parameters, region):
    session = boto3.session.Session(region_name=region)
    ArnGenerator.BOTO_SESSION_REGION_NAME = region
    to_py27_compatible_template(template, parameters)
    known = dict(parameters)
    known["AWS::Region"] = region
    known["AWS::Partition"] = ArnGenerator.get_partition_name(region)
    applications = ServerlessAppPlugin(sar_client=Repository(), parameters=known)
    translator = Translator(None, Parser(), plugins=[applications], boto_session=session)
    expanded = translator.translate(template, parameters, get_managed_policy_map=lambda: {})
    return undo_mark_unicode_str_in_template(expanded)


def attempt(request):
    try:
        expanded = translate(copy.deepcopy(request["template"]), request["parameters"], request["region"])
        return {"expanded": expanded}
    except InvalidDocumentException as error:
        return {"refused": "; ".join(cause.message for cause in error.causes)}
    except ExceptionWithMessage as error:
        return {"refused": error.message}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"}


logging.disable(logging.CRITICAL)
json.dump([attempt(request) for request in json.load(sys.stdin)], sys.stdout)
